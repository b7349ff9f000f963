import { beforeAll, describe, expect, it } from '@jest/globals';
import { asSuperuser, administrator, Moving, thereAndBack } from '../support/moving.js';
import { otherServer } from '../support/stage.js';

/** The statements of a line of the plan. */
const statementsOf = (problem: string) => /As a superuser: (.*?)\.( Or|$)/.exec(problem)![1]!.split('; ');

describe('administrators who are no superusers', () => {
  let servers: readonly [string, string];
  beforeAll(async () => {
    servers = [process.env['TEST_DATABASE_URL']!, await otherServer()];
  }, 120_000);

  it('are told which rights they lack, and the statements that give them; then a module moves', async () => {
    const [from, to] = [await administrator(servers[0], 'CREATEROLE'), await administrator(servers[1], 'CREATEROLE')];
    const moving = await Moving.between(from, to);
    const { cutover, close } = await moving.open();
    const { problems } = await cutover.plan();
    const users = [from, to].map((url) => new URL(url).username);
    expect(problems).toHaveLength(2);
    for (const [n, problem] of problems.entries()) {
      expect(problem).toContain(
        `${users[n]} lacks rights. As a superuser: ALTER ROLE "${users[n]}" REPLICATION; GRANT pg_create_subscription TO "${users[n]}". Or use --method copy.`,
      );
      for (const statement of statementsOf(problem)) await asSuperuser(servers[n]!, statement);
    }
    expect((await cutover.plan()).problems).toEqual([]);
    await close();
    expect(await thereAndBack(moving)).toBeLessThan(9_000);
  }, 120_000);

  it('administrators who did not make the role of the module are told so', async () => {
    const [from, to] = [await administrator(servers[0], 'CREATEROLE'), await administrator(servers[1], 'CREATEROLE')];
    const role = new URL((await Moving.between(from, to, 'copy')).logins[0]).username;
    const other = Object.assign(new URL(await administrator(servers[0], 'CREATEROLE')), {
      pathname: new URL(from).pathname,
    });
    await asSuperuser(servers[0], `GRANT CREATE ON DATABASE ${other.pathname.slice(1)} TO ${other.username}`);
    const { cutover, close } = await Moving.known(other.href, to, role).open();
    const [problem, ...others] = (await cutover.plan()).problems;
    expect(others).toEqual([]);
    expect(problem).toContain(`${other.username} is not the administrator of counting.`);
    for (const statement of statementsOf(problem!))
      await asSuperuser(Object.assign(new URL(servers[0]), { pathname: other.pathname }).href, statement);
    expect((await cutover.plan()).problems).toEqual([]);
    await close();
  }, 60_000);

  it('move it by copying, with fewer rights, where logical replication is not to be had', async () => {
    const [from, to] = [await administrator(servers[0], 'CREATEROLE'), await administrator(servers[1], 'CREATEROLE')];
    const moving = await Moving.between(from, to, 'copy');
    const { cutover, close } = await moving.open();
    const plan = await cutover.plan();
    expect(plan).toMatchObject({ method: 'copy', problems: [], copySeconds: 0, proofSeconds: 0 });
    expect(plan.pauseSeconds).toBeGreaterThan(1);
    await close();
    await thereAndBack(moving);
  }, 120_000);
});
