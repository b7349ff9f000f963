import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { allPages } from './pages.js';

const INDEX = 'docs/README.md';
const pages = allPages();
const scripts = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** A page without its code, where brackets mean something else. */
const prose = (file: string) => readFileSync(file, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');

/** Where its links lead inside the repository. */
function targetsOf(file: string): { path: string; anchor: string | undefined }[] {
  const links = [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, anchor] = target.split('#');
      return { path: path ? normalize(join(dirname(file), path)) : file, anchor };
    });
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(file: string): string[] {
  const headings = [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text!);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  it.each(pages)('%s links to what is there', (file) => {
    const dead = targetsOf(file).filter(
      ({ path, anchor }) => !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor)),
    );
    expect(dead).toEqual([]);
  });

  it('is all to be found from its index', () => {
    const listed = targetsOf(INDEX).map(({ path }) => path.replace(/\/$/, ''));
    // Decisions are listed one by one, beside a link to their folder.
    const within = (folder: string) => folder !== 'docs/decisions' && listed.includes(folder);
    const found = (file: string) => listed.includes(file) || within(dirname(file));
    const own = pages.filter((file) => file.startsWith('docs/') && file !== INDEX);
    expect(own.filter((file) => !found(file))).toEqual([]);
  });

  it.each(pages)('%s names only commands that there are', (file) => {
    const named = [...readFileSync(file, 'utf8').matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts.scripts))).toEqual([]);
  });

  it.each(pages)('%s names only folders and files that there are', (file) => {
    const named = [...prose(file).matchAll(/`((?:src|modules|test|docs|deploy)\/[\w./-]+)`/g)].map(([, path]) => path!);
    // A module that guides speak of, for somebody else to write.
    const missing = named.filter((path) => !existsSync(path) && !/\/billing[./]/.test(path));
    expect(missing).toEqual([]);
  });

  it('tells the result of the evidence as it came out', () => {
    const [, result] = /\*\*(\d+ runs, .*)\*\*/.exec(readFileSync('docs/evidence.md', 'utf8'))!;
    expect(readFileSync('docs/delivery.md', 'utf8')).toContain(`**Result:** ${result}\n`);
  });

  it('is short enough to be read: the README has at most 150 lines, a guide so many beside its code, a page on a failure 60', () => {
    for (const file of pages.filter((name) => statSync(name).isFile())) {
      const [limit, text] = file.startsWith('docs/guides/')
        ? [150, prose(file).replaceAll(/<!-- example:(?:instead[\s\S]*?|begin|end) ?-->\n*/g, '')]
        : [file === 'README.md' ? 150 : file.startsWith('docs/runbooks/') ? 60 : Infinity, readFileSync(file, 'utf8')];
      expect({ file, long: text.split('\n').length > limit }).toEqual({ file, long: false });
    }
  });
});

describe('comments', () => {
  const files = ['src', 'modules', 'test']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
    .filter((path) => path.endsWith('.ts'));
  const paths = files.map((file) => `/${file.replaceAll('\\', '/')}`);
  const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;
  const NAMED = /`((?:[\w-]+\/)+[a-z][\w.-]*\.ts)`/g;

  it('name only files that there are', () => {
    const dead = files.flatMap((file) => {
      const comments = readFileSync(file, 'utf8').match(COMMENT)?.join('\n') ?? '';
      const named = [...comments.matchAll(NAMED)].map(([, path]) => path!);
      return named.filter((name) => !paths.some((path) => path.endsWith(`/${name}`))).map((name) => `${file}: ${name}`);
    });
    // An example of what somebody else has.
    expect(dead.filter((each) => !each.endsWith('modules/letters/letter.ts'))).toEqual([]);
  });
});
