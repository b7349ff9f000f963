import { describe, expect, it } from '@jest/globals';
import type { EntityOptions } from 'typeorm';
import { Column, Entity, PrimaryColumn, ViewEntity } from 'typeorm';
import { statementsFor } from './schema.js';

function entity(options: EntityOptions, type: 'text' | 'citext' = 'text', asExpression?: string): new () => object {
  @Entity(options)
  class Note {
    @PrimaryColumn('text')
    id!: string;

    @Column({ type, ...(asExpression !== undefined && { asExpression, generatedType: 'STORED' as const }) })
    text!: string;
  }
  return Note;
}

const refused = async (type: new () => object, why: string) =>
  await expect(statementsFor([type], ['outbox'])).rejects.toThrow(why);

describe('the tables of entities', () => {
  it('are made and taken away without a database', async () => {
    const { up, down } = await statementsFor([entity({ name: 'note' })], []);
    expect(up).toEqual([expect.stringMatching(/^CREATE TABLE "note" \("id" text NOT NULL, "text" text NOT NULL, /)]);
    expect(down).toEqual(['DROP TABLE "note"']);
  });

  it('are in the schema of their module', async () => {
    await refused(entity({ name: 'note', schema: 'shop' }), 'Note names a schema or database: leave it out');
  });

  it('are none of the platform', async () => {
    await refused(entity({ name: 'outbox' }), 'Note is kept in outbox, a table of the platform');
  });

  it('need no extension', async () => {
    await refused(entity({ name: 'note' }, 'citext'), 'Note.text is citext, which needs an extension');
  });

  it('compute nothing', async () => {
    await refused(entity({ name: 'note' }, 'text', 'id'), 'Note.text is computed by the database');
  });

  it('are no views', async () => {
    @ViewEntity({ expression: 'SELECT 1' })
    class Seen {}
    await refused(Seen, 'Seen is a view: write its migration by hand');
  });
});
