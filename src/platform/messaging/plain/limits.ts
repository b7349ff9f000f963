/** Bytes of a payload as JSON, and of a request between processes. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Characters of a key. In UTF-8 they are at most 1,536 bytes: an index row of PostgreSQL holds about 2,700. */
export const MAX_KEY_LENGTH = 512;
