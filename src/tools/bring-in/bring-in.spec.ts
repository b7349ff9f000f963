import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Project } from '../generate/project.js';
import { plan } from '../new.js';

const project: Project = { root: process.cwd(), name: 'shop', modules: [], platformTables: ['outbox'] };

const MODULE = `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Note } from './note.entity';
import { NotesService } from './notes.service';

@Module({ imports: [TypeOrmModule.forFeature([Note])], providers: [NotesService] })
export class JottingsModule {}
`;
const SERVICE = `import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { Note } from './note.entity';
import { NotesOptions } from './options';

export class NotesService {
  constructor(
    @InjectRepository(Note)
    private readonly notes: Repository<Note>,
    private readonly source: DataSource,
    private readonly options: NotesOptions,
  ) {}

  all() {
    return this.notes.find();
  }
}
`;
const FILES = {
  'jottings.module.ts': MODULE,
  'notes.service.ts': SERVICE,
  'notes.service.spec.ts': '',
  'options.ts': 'export interface NotesOptions {}\n',
  'note.entity.ts': `import { Entity, ManyToOne } from 'typeorm';\n\n@Entity()\nexport class Note {\n  @ManyToOne(() => Note)\n  parent!: Note;\n}\n`,
};

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'former-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const bringIn = (...more: string[]) => plan(['module', 'jotting', '--from', folder, ...more], project);
const textOf = (path: string) => bringIn().changes.textOf(`modules/jotting/${path}`).replaceAll(/\s+/g, ' ');

/** What is said of a folder of these files, without the folder. */
function refusal(files: Record<string, string>): string {
  write({ ...FILES, ...files });
  try {
    bringIn();
  } catch (error) {
    return (error as Error).message.replaceAll(folder, 'FOLDER');
  }
  return 'brought in';
}

const inModule = (from: string | RegExp, to: string) => ({ 'jottings.module.ts': MODULE.replace(from, to) });
const inService = (from: string | RegExp, to: string) => ({ 'notes.service.ts': SERVICE.replace(from, to) });
const imported = (line: string) => inService('', `${line}\n`);

describe('what cannot be brought in is named, with its place and what to do', () => {
  it.each<[what: string, files: Record<string, string>, line: string]>([
    [
      'a module that another one has',
      inModule('imports: [', 'imports: [UsersModule, '),
      'jottings.module.ts:6  UsersModule: Nothing of another module is injected here. Put an abstract class with what is needed',
    ],
    [
      'a connection of its own',
      inModule('forFeature([Note])', 'forRoot({})'),
      'jottings.module.ts:6  A module has one connection, and the platform opens it',
    ],
    ['ConfigModule', inModule('imports: [', 'imports: [ConfigModule.forRoot(), '), 'jottings.module.ts:6  Take it out'],
    ['HttpModule', inModule('imports: [', 'imports: [HttpModule, '), 'jottings.module.ts:6  Take it out: fetch'],
    ['a list elsewhere', inModule('[NotesService]', 'NOTES'), 'jottings.module.ts:6  Write providers as a list'],
    [
      'a spread list',
      inModule('[NotesService]', '[...NOTES]'),
      'jottings.module.ts:6  Write out what providers holds.',
    ],
    ['options elsewhere', inModule(/\(\{.*\}\)/, '(options)'), 'jottings.module.ts:6  Write the options of @Module'],
    [
      'a guard for all',
      inModule('[NotesService]', '[{ provide: APP_GUARD, useClass: NotesService }]'),
      'jottings.module.ts:6  APP_GUARD decides for the whole application',
    ],
    [
      'a global module',
      inModule('@Module', '@Global()\n@Module'),
      'jottings.module.ts:6  @Global() gives to every module',
    ],
    [
      'middleware',
      inModule('Module {}', 'Module {\n  configure() {}\n}'),
      'jottings.module.ts:8  The class of a bounded',
    ],
    [
      'more in its file',
      inModule('@Module', 'const a = 1;\n@Module'),
      'jottings.module.ts:6  Only the class of the module',
    ],
    [
      'a file outside',
      imported(`import { UsersService } from '../users/users.service';`),
      'notes.service.ts:1  ../users/users.service lies outside of the folder.',
    ],
    [
      'what is not there',
      imported(`import './data.json';`),
      'notes.service.ts:1  ./data.json is no code that is brought in',
    ],
    [
      'a package that is not here',
      imported(`import ms from 'ms/index';`),
      'notes.service.ts:1  ms/index is no package of this project: npm install ms, or do without it.',
    ],
    [
      'class-validator',
      imported(`import 'class-validator';`),
      'notes.service.ts:1  class-validator: no ValidationPipe',
    ],
    [
      'a registry of jobs',
      imported(`import { SchedulerRegistry } from '@nestjs/schedule';`),
      'notes.service.ts:1  SchedulerRegistry of @nestjs/schedule has nothing that stands for it',
    ],
    [
      'a token of a repository',
      imported(`import { getRepositoryToken } from '@nestjs/typeorm';`),
      'notes.service.ts:1  getRepositoryToken of @nestjs/typeorm has nothing that stands for it',
    ],
    [
      'a hidden import',
      inService('this.notes.find()', `import('./options')`),
      'notes.service.ts:15  Import it at the top',
    ],
    [
      'a query runner',
      inService('this.notes.find()', 'this.source.createQueryRunner()'),
      'notes.service.ts:15  A query runner goes past the transaction of a command',
    ],
    [
      'a second connection',
      inService('(Note)', `(Note, 'archive')`),
      'notes.service.ts:8  A module has one connection: bring in only what uses it.',
    ],
    [
      'a repository of its own kind',
      inService('Repository<Note>', 'NoteRepository'),
      'notes.service.ts:8  NoteRepository is no Repository<Entity> of the entity that is injected.',
    ],
    ['a bare parameter', inService('private readonly notes', 'notes'), 'notes.service.ts:8  Write it as a property'],
    [
      'a repository that the constructor uses',
      inService(') {}', ') {\n    this.notes.create();\n  }'),
      'notes.service.ts:8  notes is used while the class is made: use it in a method.',
    ],
    [
      'a class that extends',
      inService('NotesService {', 'NotesService extends Note {'),
      'notes.service.ts:6  A class that',
    ],
  ])('%s', (_what, files, line) => {
    const said = refusal(files);
    expect(said).toContain('be brought in from FOLDER as it is:\n');
    expect(said).toContain(line);
    expect(said).toMatch(/\nNothing was written\.$/);
  });

  it('all at once', () => {
    expect(refusal({ ...inModule('[NotesService]', 'NOTES'), ...imported(`import 'ms';`) })).toMatch(
      /^These 2 cannot be .*\njottings\.module\.ts:6 .*\nnotes\.service\.ts:1 .*\nNothing was written\.$/,
    );
  });

  it('a folder without a module, with two, or with one further down', () => {
    expect(refusal({ 'jottings.module.ts': '' })).toBe(
      'FOLDER has no class with @Module: --from has to be the folder of a Nest module.',
    );
    expect(refusal({ 'jottings.module.ts': MODULE, 'more/other.module.ts': MODULE })).toBe(
      'FOLDER has 2 Nest modules (jottings.module.ts, more/other.module.ts): join them to one, or bring them in one by one.',
    );
    expect(refusal({ 'jottings.module.ts': '' })).toBe(
      'The Nest module is in more/other.module.ts: give --from the folder of that file.',
    );
  });

  it('a file that a bounded context has itself', () => {
    expect(refusal({ 'jotting.http.ts': '' })).toBe(
      'jotting.http.ts of FOLDER would be in the way: a bounded context has one of its own. Rename it.',
    );
  });
});

it('says what is wrong with the command line', () => {
  write(FILES);
  const missing = join(folder, 'nothing');
  expect(() => plan(['module', 'jotting', '--from', missing], project)).toThrow(
    `--from has to be the folder of a Nest module; there is none at ${missing}. See --help.`,
  );
  expect(() => bringIn('--thing', 'note')).toThrow(
    '--from brings in what is there: --thing, --field and --entity are for',
  );
  expect(() => plan(['command', 'jotting', '--from', folder], project)).toThrow('--from belongs to new:module.');
});

describe('what is brought in', () => {
  beforeEach(() => write(FILES));

  it('has its repositories of the database of its module, under the same names', () => {
    const service = textOf('notes.service.ts');
    expect(service).toContain(`import { Database } from '../../src/platform/index.js'`);
    expect(service).toContain(
      'constructor(private readonly database: Database, private readonly options: NotesOptions )',
    );
    expect(service).toContain('private get notes(): Repository<Note> { return this.database.repository(Note); }');
    expect(service).toContain('private get source(): EntityManager { return this.database.manager; }');
    expect(service).not.toMatch(/@nestjs\/typeorm|DataSource/);
  });

  it('imports files by their whole names, and types as types', () => {
    expect(textOf('notes.service.ts')).toContain(`import { type NotesOptions } from './options.js'`);
  });

  it('may have entities that name each other', () => {
    expect(textOf('note.entity.ts')).toContain('parent!: Relation<Note>');
  });

  it('is a bounded context, and its specs stay behind', () => {
    const module = textOf('jotting.module.ts');
    expect(module).toContain(`@BoundedContext({ name: 'jotting', contracts, providers: [NotesService],`);
    expect(module).toContain('entities: [Note]');
    expect(module).not.toMatch(/@nestjs/);
    expect(bringIn().changes.paths.filter((path) => path.endsWith('.spec.ts'))).toEqual([
      'modules/jotting/jotting.spec.ts',
    ]);
  });
});
