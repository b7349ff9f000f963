import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { AllowRoles, Answers, Idempotent, Public } from '../platform/http/index.js';
import { OPERATOR } from '../platform/testing/roles.js';
import { UsageError } from './lib/cli.js';
import { routesOf } from './generate/routes.js';
import { plan } from './new-acceptance.js';

const NewLetter = z.strictObject({ text: z.string().min(3) });

@Controller('v1/letters')
class LettersHttp {
  @Post()
  @AllowRoles(OPERATOR)
  @Idempotent()
  @Answers(201, z.object({ letterId: z.uuid() }))
  write(@Body({ schema: NewLetter }) body: unknown) {
    return body;
  }

  @Get(':letterId')
  @AllowRoles(OPERATOR)
  read(@Param('letterId') letterId: string) {
    return letterId;
  }

  @Post(':letterId/send')
  @HttpCode(204)
  send(@Param('letterId') letterId: string) {
    return letterId;
  }

  @Get('opening-hours')
  @Public()
  hours() {
    return {};
  }

  help() {
    return 'no route';
  }
}

const letters = { name: 'letters', controllers: [LettersHttp] };
const archive = { name: 'archive' };

it('the routes of a module are known with who may use them, a body, and what they answer', () => {
  const known = routesOf(letters).map(({ method, path, keyed, status }) => `${method} ${path} ${keyed} ${status}`);
  expect(known).toEqual([
    'POST /v1/letters true 201',
    'GET /v1/letters/:letterId false 200',
    'POST /v1/letters/:letterId/send false 204',
    'GET /v1/letters/opening-hours false 200',
  ]);
  const [write, read, , hours] = routesOf(letters);
  expect(write).toMatchObject({ roles: [OPERATOR], fields: ['letterId'], body: { text: expect.any(String) } });
  expect(NewLetter.safeParse(write!.body).success).toBe(true);
  expect([read!.body, hours!.roles]).toEqual([undefined, 'everybody']);
});

describe('new:acceptance', () => {
  const textOf = (modules: readonly (typeof letters | typeof archive)[], path: string) =>
    plan(['letters'], modules, '/nowhere').textOf(path);

  it('writes a spec that makes something once for each key and reads it, and says who may not come in', () => {
    const text = textOf([letters], 'test/acceptance/letters.spec.ts');
    expect(text).toContain("expect((await client.post('/v1/letters', body, key)).expect(201)).toEqual(made);");
    expect(text).toContain('`/v1/letters/${letterId}`)).expect(200)).toMatchObject({ letterId });');
    expect(text).toMatch(/\['GET', '\/v1\/letters\/[0-9a-f-]{36}'\]/);
    expect(text).not.toMatch(/opening-hours|'staff'/);
  });

  it('writes a spec with the module in a process of its own, where there are others', () => {
    expect(plan(['letters'], [letters], '/nowhere').paths).toEqual(['test/acceptance/letters.spec.ts']);
    expect(textOf([letters, archive], 'test/topology/letters.tier2.spec.ts')).toContain(
      "groupsOf(await moduleNames(), 'letters')",
    );
  });

  it.each([
    [[], 'The module has to be named, as in "billing". See --help.'],
    [['parcels'], 'There is no module "parcels": expected one of letters, archive.'],
    [['letters', 'now'], "Unexpected argument 'now'. See --help."],
    [['letters', '--now'], "Unknown option '--now'. See --help."],
  ])('refuses %j in one line', (args, message) => {
    expect(() => plan(args, [letters, archive], '/nowhere')).toThrow(new UsageError(message));
  });
});
