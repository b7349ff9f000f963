import type { Type } from '@nestjs/common';
import { ACCESS } from '../http/decorators.js';
import type { Access } from '../http/decorators.js';
import type { Role } from '../http/auth/roles.js';
import { OPERATORS, ROLES } from '../http/auth/roles.js';

/** A role that may look after the system, whatever the project calls it. */
export const OPERATOR: Role = OPERATORS[0]!;
/** A role that may not. */
export const OUTSIDER: Role = ROLES.find((role) => !OPERATORS.includes(role))!;

/**
 * Who may use a route, as its decorators say, so that a spec stays right when roles are renamed.
 *
 * @example
 * const { allowed, others } = rolesOf(LettersController, 'recall');
 * @param method of the controller: the route's
 * @returns `allowed`: one of the roles that may; `others`: those that may not
 */
export function rolesOf<T extends object>(controller: Type<T>, method: keyof T & string) {
  const handler = (controller.prototype as Record<string, object>)[method]!;
  const access = (Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller) ?? ROLES) as Access;
  const roles: readonly Role[] = typeof access === 'string' ? ROLES : access;
  return { allowed: roles[0]!, others: ROLES.filter((role) => !roles.includes(role)) };
}
