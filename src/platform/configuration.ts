import { z } from 'zod';
import { OperatorError } from './coded-error.js';

/** Any class made with {@link defineConfig}. */
export interface ConfigClass {
  new (values: never): object;
  readonly schema: z.ZodObject;
  readonly specs: NodeJS.ProcessEnv;
}
interface ConfigOf<S extends z.ZodObject> {
  new (values: z.output<S>): Readonly<z.output<S>>;
  readonly schema: S;
  readonly specs: NodeJS.ProcessEnv;
}

/**
 * Declares the environment variables a module needs. The class that comes back is injected with their values.
 *
 * @example
 * export class LettersConfig extends defineConfig(
 *   {
 *     COURIER_URL: z.url().describe('where couriers are booked'),
 *     COURIER_TIMEOUT_MS: z.coerce.number().int().default(15000).describe('how long to wait for an answer'),
 *   },
 *   { specs: { COURIER_URL: 'http://courier.invalid' } },
 * ) {}
 * @param shape variable name → zod schema of its text, with a default or optional where it may be absent. What `describe`
 *   says of it stands on the page of the modules
 * @param options `specs`: the text that a variable has in specs and tools, where nothing else is said: needed for one that
 *   is required, as `npm run check` says. Never a secret
 */
export function defineConfig<T extends z.ZodRawShape>(
  shape: T,
  options: { specs?: { readonly [name in keyof T]?: string } } = {},
): ConfigOf<z.ZodObject<T>> {
  const schema = z.object(shape);
  return class {
    static readonly schema = schema;
    static readonly specs = options.specs ?? {};
    constructor(values: object) {
      Object.assign(this, values);
      Object.freeze(this);
    }
  } as unknown as ConfigOf<z.ZodObject<T>>;
}

/** Everything that is wrong with the environment. Its message lists each variable; never its value. */
export class ConfigError extends OperatorError {
  constructor(readonly problems: readonly string[]) {
    super(
      'LIFTOUT_CONFIG_INVALID',
      `Invalid configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

/**
 * Parses variables by a schema. An empty variable counts as absent.
 * @returns the values, or what is wrong: one line a variable, saying what is expected
 */
export function readVariables<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv,
): { values: z.output<S> } | { problems: string[] } {
  const given = Object.entries(env).filter(([, value]) => value !== '');
  const there = Object.fromEntries(given);
  const parsed = schema.safeParse(there);
  if (parsed.success) return { values: parsed.data };
  return {
    problems: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${whatIsWrong(schema, there, issue)}`),
  };
}

/** Of a variable that is not there: that it has to be, and what it is. zod speaks of types. */
function whatIsWrong({ shape }: z.ZodObject, there: NodeJS.ProcessEnv, { path: [name], message }: z.core.$ZodIssue) {
  if (String(name) in there || !message.startsWith('Invalid input')) return message;
  const { description } = shape[String(name)] as z.ZodType;
  return description === undefined ? 'required' : `required: ${description}`;
}

/** The values that the variables of some modules have in specs. */
export function specsEnv(configs: readonly (ConfigClass | undefined)[]): NodeJS.ProcessEnv {
  return Object.assign({}, ...configs.map((config) => config?.specs)) as NodeJS.ProcessEnv;
}
