import { describe, expect, it } from '@jest/globals';
import { renamed } from './rename.js';

const rename = (text: string, path = 'file.ts') => renamed(new Map([[path, text]]), 'tempo', 'my-app').get(path);

describe('another name', () => {
  it.each([
    ["const name = 'tempo';", "const name = 'my-app';"],
    ['# Tempo', '# My App'],
    ['CREATE ROLE tempo_x', 'CREATE ROLE my_app_x'],
    ["LIKE 'tempo\\\\_x'", "LIKE 'my_app\\\\_x'"],
    ['/var\\/lib\\/tempo\\//', '/var\\/lib\\/my-app\\//'],
    ['TEMPO_LEVEL', 'MY_APP_LEVEL'],
    ["'Tempo-After'", "'My-App-After'"],
    ['@tempo/billing', '@my-app/billing'],
  ])('is written as its place asks for it: %s', (before, after) => {
    expect(rename(before)).toBe(after);
  });

  it('leaves alone what does not name it, and the licence', () => {
    expect(rename('const name = 1;')).toBeUndefined();
    expect(rename('Copyright the Tempo authors', 'LICENSE')).toBeUndefined();
  });
});
