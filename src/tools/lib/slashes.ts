import { sep } from 'node:path';

/** A path of the file system as git, manifests and rules write it: with `/`, on Windows as well. */
export const slashes = (path: string): string => (sep === '/' ? path : path.split(sep).join('/'));
