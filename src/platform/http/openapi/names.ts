import type { Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { Access } from '../decorators.js';

/** The method's name; one word alone says too little, and gets the last one of the controller's path. */
export function idOf(controller: Type, name: string): string {
  if (/[A-Z]/.test(name)) return name;
  const [path] = [Reflect.getMetadata(PATH_METADATA, controller) as string | string[]].flat();
  return name + pascal(path!.split('/').findLast((segment) => /^[a-z]/i.test(segment)) ?? '');
}

/** `order-lines` as `OrderLines`. */
export const pascal = (name: string) =>
  name.replace(/(?:^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_, first: string) => first.toUpperCase());

/** `placeOrder` as `Place order`. */
export function spoken(id: string): string {
  const words = id.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words[0]!.toUpperCase() + words.slice(1);
}

/** Who may use a route, in one sentence. */
export function whoMay(access: Access | undefined): string {
  if (access === undefined) return 'For everybody with a token.';
  if (access === 'public') return 'For everybody; a token that comes along has to be valid.';
  if (access === 'operational') return 'For machines that look after the process; no token is looked at.';
  return `For the role${access.length > 1 ? 's' : ''} ${access.join(' and ')}.`;
}
