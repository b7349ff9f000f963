import { SetMetadata } from '@nestjs/common';
import 'reflect-metadata';
import type { z } from 'zod';
import { currentMessage } from '../messaging/context/context.js';
import type { Actor } from '../messaging/context/context.js';
import { ContractViolation } from '../messaging/errors.js';
import type { Role } from './auth/roles.js';

export const ACCESS = 'liftout:access';
export const IDEMPOTENT = 'liftout:idempotent';
export const UNDOCUMENTED = 'liftout:undocumented';
const ANSWERS = 'liftout:answers';
const OPERATION = 'liftout:operation';

/** Who may use a route. `operational`: machines that look after the process; no token is looked at. */
export type Access = 'public' | 'operational' | readonly Role[];

interface Answer {
  status: number;
  schema: z.ZodType;
  description: string;
}

/**
 * Everybody may use the route; a token that comes along has to be valid nevertheless. The nearest decorator wins.
 *
 * @example
 * @Public()
 * @Get('prices')
 * async prices() {}
 */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/**
 * Whoever has one of the roles may use the route. Without this and {@link Public}, everybody with a token.
 *
 * @example
 * @AllowRoles('staff')
 * @Post(':letterId/recall')
 * async recall(@Param('letterId') letterId: string) {}
 */
export const AllowRoles = (...roles: Role[]) => SetMetadata(ACCESS, roles satisfies Access);

/** For health: no token, and in the log on level debug only. */
export const Operational = () => SetMetadata(ACCESS, 'operational' satisfies Access);

/**
 * The route needs an `Idempotency-Key`, of 1 to 200 printable ASCII characters. It belongs to the user and the route:
 * a command that the route executes has its outcome remembered under it, for as long as `OUTBOX_RETENTION_HOURS` says. The
 * same key with another content is refused; what is a default of the command's schema may be left out or said.
 *
 * @example
 * @Idempotent()
 * @Post()
 * async send(@Body() body: unknown) {
 *   return await this.commands.execute(new SendLetter(NewLetter.parse(body)));
 * }
 */
export const Idempotent = () => SetMetadata(IDEMPOTENT, true);

/** The routes of this controller are not in the OpenAPI document. */
export const Undocumented = () => SetMetadata(UNDOCUMENTED, true);

/** What the OpenAPI document calls a route, and says of it. */
interface OperationText {
  /** Unique among all routes, in camel case: generated clients have it as the name of a function. By default the method's name. */
  id?: string;
  /** A few words; by default those of the id. */
  summary?: string;
  /** Markdown. */
  description?: string;
}

/**
 * Says what the OpenAPI document tells of the route, where the name of its method says too little.
 *
 * @example
 * @Operation({ summary: 'Recalls a letter that has not arrived' })
 * @Post(':letterId/recall')
 * async recall(@Param('letterId') letterId: string) {}
 */
export const Operation = (text: OperationText) => SetMetadata(OPERATION, text);

/** What {@link Operation} says of a route's method. */
export function operationOf(route: object): OperationText {
  return (Reflect.getMetadata(OPERATION, route) as OperationText | undefined) ?? {};
}

/**
 * Documents an answer of the route in the OpenAPI document.
 *
 * @example
 * @Answers(200, z.object({ to: z.string() }), 'the letter')
 * @Get(':letterId')
 * async find(@Param('letterId') letterId: string) {}
 * @param status HTTP status
 * @param schema of the body
 */
export function Answers(status: number, schema: z.ZodType, description = ''): MethodDecorator {
  return (_target, _name, descriptor) => {
    const route = descriptor.value as object;
    Reflect.defineMetadata(ANSWERS, [{ status, schema, description }, ...answersOf(route)], route);
  };
}

/** What {@link Answers} says of a route's method, in the order in which it is written. */
export function answersOf(route: object): readonly Answer[] {
  return (Reflect.getMetadata(ANSWERS, route) as Answer[] | undefined) ?? [];
}

/**
 * Who asks, in a route.
 * @example
 * const { sub } = currentActor();
 * @throws ContractViolation outside of any
 */
export function currentActor(): Actor {
  const message = currentMessage();
  if (!message)
    throw new ContractViolation('LIFTOUT_NO_ACTOR', 'currentActor() was called outside a request or message handler.');
  return message.actor;
}
