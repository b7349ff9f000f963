import { ContractViolation } from '../messaging/errors.js';
import { MAX_KEY_LENGTH, MAX_MESSAGE_BYTES } from '../messaging/plain/limits.js';
import { refuseUnstorable } from '../messaging/refuse-unstorable.js';

/**
 * The payload of a durable message as it is stored.
 *
 * @param type wire name of the message, for the error
 * @throws ContractViolation when the JSON has more than {@link MAX_MESSAGE_BYTES}
 */
export function jsonWithinLimit(type: string, payload: object): string {
  const json = JSON.stringify(payload);
  // A character has at most three bytes: most messages need not be measured.
  const bytes = json.length * 3 <= MAX_MESSAGE_BYTES ? 0 : Buffer.byteLength(json);
  if (bytes <= MAX_MESSAGE_BYTES) return json;
  throw new ContractViolation(
    'LIFTOUT_MESSAGE_TOO_LARGE',
    `${type} has ${bytes} bytes; a message has at most ${MAX_MESSAGE_BYTES}. Store the data, and send a reference to it.`,
  );
}

/** @throws ContractViolation when a key of a durable message cannot be stored, or has more than {@link MAX_KEY_LENGTH} characters */
export function keyWithinLimit(type: string, key: string): string {
  refuseUnstorable(`the key of ${type}`, key);
  if (key.length <= MAX_KEY_LENGTH) return key;
  throw new ContractViolation(
    'LIFTOUT_KEY_TOO_LONG',
    `${type} has a key of ${key.length} characters; a key has at most ${MAX_KEY_LENGTH}. Use an id of the aggregate.`,
  );
}
