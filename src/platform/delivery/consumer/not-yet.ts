import { RetryLater } from '../../messaging/errors.js';

/**
 * A message has come before that which it is about. It is set aside and handled again later, without counting as a failed
 * attempt; its consumer decides how long that goes on.
 *
 * Thrown before anything was written for the message.
 */
export class NotYet extends RetryLater {}
