import { OPERATORS } from '../../../platform/http/auth/roles.js';
import type { Thing } from '../thing.js';
import { camel, pascal } from '../words.js';
import type { Place, Route } from './place.js';

/** A method of the controller, and what it needs. `@bus` stands for the bus that it uses. */
export interface RouteMethod {
  imports: readonly (readonly [from: string, ...names: string[]])[];
  uses: readonly [type: string, name: string];
  text: string;
}

const HTTP = '../../src/platform/http/index.js';
const NEST = '@nestjs/common';
/** Who may use what is generated, until somebody says otherwise. */
const ROLE = OPERATORS[0]!;

export function creatingRoute({ name }: Place, { id }: Thing, body: string, { path }: Route): RouteMethod {
  const type = pascal(name);
  return {
    imports: [
      [NEST, 'Body', 'Post'],
      [HTTP, 'AllowRoles', 'Answers', 'Idempotent'],
      ['zod', 'z'],
      [`./${name}.js`, type, body],
    ],
    uses: ['CommandBus', 'commands'],
    text: `@Post(${path})
  @AllowRoles('${ROLE}')
  @Idempotent()
  @Answers(201, z.object({ ${id}: z.uuid() }))
  async ${camel(name)}(@Body({ schema: ${body} }) body: z.output<typeof ${body}>) {
    return await @bus.execute(new ${type}(body));
  }`,
  };
}

export function actingRoute({ name }: Place, { id, idSchema }: Thing, { path }: Route): RouteMethod {
  const type = pascal(name);
  return {
    imports: [
      [NEST, 'HttpCode', 'Param', 'Post'],
      [HTTP, 'AllowRoles', 'Idempotent'],
      ['zod', 'z'],
      [`./${name}.js`, type],
    ],
    uses: ['CommandBus', 'commands'],
    text: `@Post(${path})
  @AllowRoles('${ROLE}')
  @Idempotent()
  @HttpCode(204)
  async ${camel(name)}(@Param('${id}', { schema: ${idSchema} }) ${id}: string) {
    await @bus.execute(new ${type}({ ${id} }));
  }`,
  };
}

export function changingRoute({ name }: Place, { id, idSchema }: Thing, body: string, { path }: Route): RouteMethod {
  const type = pascal(name);
  return {
    imports: [
      [NEST, 'Body', 'HttpCode', 'Param', 'Post'],
      [HTTP, 'AllowRoles', 'Idempotent'],
      ['zod', 'z'],
      [`./${name}.js`, type, body],
    ],
    uses: ['CommandBus', 'commands'],
    text: `@Post(${path})
  @AllowRoles('${ROLE}')
  @Idempotent()
  @HttpCode(204)
  async ${camel(name)}(
    @Param('${id}', { schema: ${idSchema} }) ${id}: string,
    @Body({ schema: ${body} }) body: z.output<typeof ${body}>,
  ) {
    await @bus.execute(new ${type}({ ${id}, ...body }));
  }`,
  };
}

export function gettingRoute({ name }: Place, { id, idSchema }: Thing, { path }: Route, view: string): RouteMethod {
  const type = pascal(name);
  return {
    imports: [
      [NEST, 'Get', 'Param'],
      [HTTP, 'AllowRoles', 'Answers'],
      ['zod', 'z'],
      [`./${name}.js`, type, view],
    ],
    uses: ['QueryBus', 'queries'],
    text: `@Get(${path})
  @AllowRoles('${ROLE}')
  @Answers(200, ${view})
  async ${camel(name)}(@Param('${id}', { schema: ${idSchema} }) ${id}: string) {
    return await @bus.execute(new ${type}({ ${id} }));
  }`,
  };
}

export function listingRoute({ name }: Place, { idSchema }: Thing, { path }: Route, view: string): RouteMethod {
  const type = pascal(name);
  return {
    imports: [
      [NEST, 'Get', 'Query'],
      [HTTP, 'AllowRoles', 'Answers', 'decodeCursor', 'encodeCursor', 'Page', 'PageQuery'],
      ['zod', 'z'],
      [`./${name}.js`, type, view],
    ],
    uses: ['QueryBus', 'queries'],
    text: `@Get(${path})
  @AllowRoles('${ROLE}')
  @Answers(200, Page(${view}))
  async ${camel(name)}(@Query({ schema: PageQuery }) { limit, cursor }: z.output<typeof PageQuery>) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, ${idSchema});
    const { items, next } = await @bus.execute(new ${type}({ limit, after }));
    return { items, ...(next && { nextCursor: encodeCursor(next) }) };
  }`,
  };
}
