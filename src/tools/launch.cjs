'use strict';
// Plain old JavaScript, so that a Node.js of any age can read it and say what it is missing.
var OLDEST = [20, 19];
var version = process.versions.node.split('.').map(Number);
if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
  console.error('Liftout needs Node.js ' + OLDEST.join('.') + ' or later; this is ' + process.versions.node + '.');
  process.exit(2);
}
var child = require('node:child_process');
var fs = require('node:fs');
var path = require('node:path');
var url = require('node:url');
var root = path.resolve(__dirname, '../..');

// From Node.js 22.8 on, what was compiled once is read again. Where nothing can be written, it is compiled each time.
var enableCompileCache = require('node:module').enableCompileCache;
if (enableCompileCache && process.argv[2]) enableCompileCache(path.join(root, 'node_modules/.cache/compiled'));

// A shell between npm and this process may end at a signal without passing it on: whoever started this is gone then. A
// process that was started by hand may outlive its shell.
if (process.env.npm_lifecycle_event) {
  var parent = process.ppid;
  var watch = setInterval(function () {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(watch);
    // On Windows a signal ends a process without its handlers.
    if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM');
    else process.exit(143);
  }, 500);
  watch.unref();
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

var compiler = path.join(root, 'node_modules/@typescript/native/bin/tsc');

// Generators follow each other, and read modules from their sources: only when the rest has changed is it built again.
var sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
var stamp = path.join(root, 'dist/.built');
var fresh = process.argv[2] === 'tools/new' && isFresh(sources);

// Where there is no compiler, as in a production image, what was built before is run as it is.
if (!fresh && fs.existsSync(compiler)) {
  var begun = Date.now() / 1000;
  var built = child.spawnSync(process.execPath, [compiler, '-p', path.join(root, 'tsconfig.build.json')], {
    stdio: ['inherit', 2, 2],
  });
  // The watching compiler tells it again and again, and the gates find more in code that does not compile yet.
  var patient = ['tools/dev', 'tools/check', 'tools/fix', 'tools/boundaries'];
  if (built.status !== 0 && patient.indexOf(process.argv[2]) < 0) process.exit(2);
  if (built.status === 0) {
    fs.writeFileSync(stamp, '');
    fs.utimesSync(stamp, begun, begun);
  }
}
// Without a name there is nothing more to do than to build.
if (process.argv[2]) {
  var target = path.join(root, 'dist/src', process.argv[2] + '.js');
  process.argv.splice(1, 2, target);
  import(url.pathToFileURL(target).href).catch(function (error) {
    console.error(error);
    process.exit(1);
  });
}

function isFresh(places) {
  if (!fs.existsSync(stamp)) return false;
  var at = fs.statSync(stamp).mtimeMs;
  return places.every(function isOlder(place) {
    if (place === path.join('src', 'modules.ts')) return true;
    var found = fs.statSync(path.resolve(root, place), { throwIfNoEntry: false });
    // A folder changes when a file in it comes or goes.
    if (!found || found.mtimeMs > at) return !found;
    if (!found.isDirectory()) return true;
    return fs.readdirSync(path.resolve(root, place)).every(function (name) {
      return isOlder(path.join(place, name));
    });
  });
}
