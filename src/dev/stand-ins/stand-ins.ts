import type { Type } from '@nestjs/common';
import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import { BoundedContext, contextOptions, livesHere } from '../../platform/bounded-context.js';
import { ConfigError } from '../../platform/configuration.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import { definitionOf } from '../../platform/messaging/define.js';
import { PACTS, providerOf, readPacts } from '../../tools/pacts/files.js';
import type { Pact } from '../../tools/pacts/pact.js';
import { answer } from './answers.js';

/**
 * Has modules that live in other repositories stand in this process, for development without them: they answer as their
 * consumers' pacts have it. They publish nothing by themselves, and their routes are not there.
 *
 * @param wanted the names of `STAND_INS`, with commas between
 * @param root the folder of the repository
 * @returns the modules, each that is wanted in the place of its class
 * @throws ConfigError in production, and for names that cannot be stood in for
 */
export function withStandIns(
  modules: readonly Type[],
  wanted: string,
  root: string,
  production: boolean,
): readonly Type[] {
  if (production)
    throw new ConfigError(['STAND_INS: not in production: a stand-in answers with what specs have made up']);
  const names = wanted.split(',').map((name) => name.trim());
  const away = modules.filter((module) => !livesHere(module)).map((module) => contextOptions(module)!.name);
  const expected = `expected some of ${away.join(', ') || 'none: every module lives here'}`;
  const problems = names
    .filter((name) => !away.includes(name))
    .map((name) => `STAND_INS: no module "${name}" lives in another repository; ${expected}`);
  if (problems.length > 0) throw new ConfigError(problems);
  const pacts = [...readPacts(root).values()];
  return modules.map((module) => {
    const { name } = contextOptions(module)!;
    if (!names.includes(name)) return module;
    const own = pacts.filter((pact) => providerOf(pact) === name);
    if (own.length > 0) return standIn(module, own);
    throw new ConfigError([`STAND_INS: no pact in ${PACTS} is for ${name}: nothing says what it answers`]);
  });
}

function standIn(module: Type, pacts: readonly Pact[]): Type {
  const { name, contracts } = contextOptions(module)!;
  const types = Object.values(contracts).filter((each) => definitionOf(each)?.module === name) as MessageClass[];
  const asked = types.filter((type) => definitionOf(type)!.kind !== 'event');
  const providers = asked.map((type) => {
    class Answers {
      async execute(message: object): Promise<unknown> {
        return await Promise.resolve(answer(type.definition, message, pacts));
      }
    }
    const handles = type.definition.kind === 'query' ? QueryHandler : CommandHandler;
    handles(type as never)(Answers);
    return Answers;
  });
  class StandIn {}
  BoundedContext({ name, contracts, providers })(StandIn);
  return StandIn;
}
