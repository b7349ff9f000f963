import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { banner } from './banner.js';
import { readConfig, type Config } from './config.js';
import { prepareDatabase } from './database.js';
import { modules as own } from './modules.js';
import { contextOptions } from './platform/bounded-context.js';
import { OperatorError } from './platform/coded-error.js';
import { fastifyOptions } from './platform/http/fastify-options.js';
import { configureHttp } from './platform/http/http-app.js';
import { childContext, runInScope } from './platform/messaging/context/context.js';
import type { Logger } from './platform/observability/logging.js';
import { nestLogger } from './platform/observability/nest-logger.js';
import { OpsDoor } from './platform/operations/ops-door.js';
import { Runtime } from './platform/runtime/runtime.js';
import { watchStrayFailures } from './platform/stray-failures.js';
import { forwardRoutes } from './platform/transport/front-door/front-door.js';
import { publicRoutes } from './platform/transport/front-door/public-routes.js';
import type { SeamServer } from './platform/transport/seam/seam-server.js';
import { openRehearsal, remoteModules } from './seams.js';
import { serveContracts } from './served-contracts.js';
import { serveMessages } from './served-messages.js';
import { Telemetry } from './telemetry.js';

/** How long a process may take to finish what it has begun when it is asked to stop. */
const SHUTDOWN_MS = 25_000;

/** Ctrl-C arrives again from each process between the terminal and this one. What comes later says: at once. */
const ONE_SIGNAL_MS = 1000;

/** Starts one process from its environment; ends it with exit code 2 and one clear message when that cannot be done. */
export async function start(env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const modules = await modulesOf(env);
    const config = readConfig(env, modules, { terminal: process.stdout.isTTY, serves: true });
    await run(config, modules, env, await Telemetry.start(config, modules));
  } catch (thrown) {
    const error = listenError(thrown) ?? thrown;
    const expected = error instanceof OperatorError;
    process.stderr.write(`${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(expected ? 2 : 1);
  }
}

/** Every module, with those that are stood in for. */
async function modulesOf({ STAND_INS, NODE_ENV }: NodeJS.ProcessEnv): Promise<readonly Type[]> {
  if (!STAND_INS) return own;
  const { withStandIns } = await import('./dev/stand-ins/stand-ins.js');
  return withStandIns(own, STAND_INS, process.cwd(), NODE_ENV === 'production');
}

async function run(
  config: Config,
  modules: readonly Type[],
  env: NodeJS.ProcessEnv,
  telemetry: Telemetry,
): Promise<void> {
  const { log } = telemetry;
  watchStrayFailures(log);
  const here = modules.filter((module) => config.topology.running.has(contextOptions(module)!.name));
  const database = await prepareDatabase(config, here, log);
  const { poolSize, prepared, poolerUrls: poolers, housekeeping, topology } = config;
  const { urls } = database;
  const runtime = new Runtime({
    modules,
    remotes: await remoteModules(topology),
    events: topology.events,
    rehearsal: await openRehearsal(topology),
    urls,
    poolers,
    poolSize,
    prepared,
    env,
    log,
    housekeeping,
  });
  let app: NestFastifyApplication | undefined;
  let seam: SeamServer | undefined;
  let ops: OpsDoor | undefined;
  const stop = async () => {
    const delivered = runtime.stopDelivery();
    await Promise.all([app?.close(), ops?.close(), seam?.close()]);
    await delivered;
    await runtime.stop();
    await database.release();
    await telemetry.stop();
  };
  stopOnSignal(stop, log);
  try {
    await runtime.connect();
    app = await createApp(config, modules, here, runtime);
    telemetry.serve(app, runtime);
    serveContracts(app, modules, config.contractsToken);
    await app.init();
    seam = await openSeam(config, runtime, app);
    runtime.startDelivery();
    if (!config.production) await seed(app, here);
    ops = await openOps(config, app, log);
    await app.listen(config.port, config.host);
  } catch (error) {
    await stop();
    throw error;
  }
  log.info({ url: await app.getUrl(), modules: [...runtime.running] }, 'ready');
  if (config.banner) process.stdout.write(banner(await app.getUrl(), config, modules));
}

/** @param here the modules that run in this process; the routes of the others are handed on */
async function createApp(
  config: Config,
  modules: readonly Type[],
  here: readonly Type[],
  runtime: Runtime,
): Promise<NestFastifyApplication> {
  const root = AppModule.forHost(config, runtime, here);
  const options = { logger: nestLogger(runtime.log, runtime.contexts), abortOnError: false };
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(fastifyOptions()), options);
  configureHttp(app);
  if (!config.production) serveMessages(app, runtime);
  for (const module of modules) {
    const client = runtime.remotes.get(contextOptions(module)!.name);
    if (client) forwardRoutes(app, module, client);
  }
  return app;
}

async function openOps({ opsPort, host }: Config, app: NestFastifyApplication, log: Logger) {
  if (opsPort === undefined) return undefined;
  const door = new OpsDoor(app);
  log.info({ port: await door.listen(opsPort, host) }, 'metrics and operations listen');
  return door;
}

async function openSeam({ topology: { seam }, host }: Config, runtime: Runtime, app: NestFastifyApplication) {
  if (!seam) return undefined;
  const { SeamServer } = await import('./platform/transport/seam/seam-server.js');
  const server = new SeamServer(runtime, publicRoutes(app), seam);
  const port = await server.listen(seam.port, host);
  runtime.log.info({ port }, 'seam listening');
  return server;
}

/** Fills a fresh database with the modules' example data, in the order of the modules. */
async function seed(app: NestFastifyApplication, here: readonly Type[]): Promise<void> {
  for (const module of here) {
    const { name, seed: Seed } = contextOptions(module)!;
    if (Seed)
      await runInScope(childContext('seed', name), undefined, () =>
        app
          .select(module)
          .get(Seed as Type)
          .seed(),
      );
  }
}

function stopOnSignal(stop: () => Promise<void>, log: Logger): void {
  let since: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (since !== undefined) return void (performance.now() - since > ONE_SIGNAL_MS && process.exit(1));
    since = performance.now();
    log.info({ signal }, 'shutting down: draining in-flight work');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    stop().then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** The address cannot be listened on. */
class AddressUnusable extends OperatorError {}

function listenError(error: unknown): AddressUnusable | undefined {
  const { code, address, port, syscall } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
  if (code === 'EADDRINUSE')
    return new AddressUnusable(
      'LIFTOUT_PORT_TAKEN',
      `Port ${port} is taken. Stop what listens there, or set PORT to another one (0: any free one).`,
    );
  return new AddressUnusable(
    'LIFTOUT_ADDRESS_UNUSABLE',
    `Cannot listen on ${address ?? 'HOST'}${port ? `:${port}` : ''} (${code}). Set HOST and PORT to an address of this machine.`,
  );
}
