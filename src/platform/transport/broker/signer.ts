import { createHmac, timingSafeEqual } from 'node:crypto';

type Parts = readonly (string | Uint8Array)[];

/** Signs what goes to a broker with the secret of the seam, and checks it: whoever may write there is not one of us. */
export class Signer {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  /**
   * @param use what is signed, such as `liftout/nats`: a signature counts for nothing else
   * @param secret signs, and is accepted
   * @param otherSecret is accepted as well: for changing the secret without a gap
   */
  constructor(use: string, secret: string, otherSecret?: string) {
    const keyOf = (text: string) => createHmac('sha256', text).update(use).digest();
    this.#keys = [keyOf(secret), ...(otherSecret === undefined ? [] : [keyOf(otherSecret)])];
  }

  sign(...parts: Parts): string {
    return hmacOf(this.#keys[0], parts).toString('base64url');
  }

  isSigned(signature: string, ...parts: Parts): boolean {
    return this.#keys.some((key) => same(hmacOf(key, parts), signature));
  }
}

function hmacOf(key: Buffer, parts: Parts): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part).update('\n');
  return hmac.digest();
}

function same(expected: Buffer, given: string): boolean {
  const signature = Buffer.from(given, 'base64url');
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
