import { afterEach, describe, expect, it } from '@jest/globals';
import { childTrace, isSampled, parseTraceparent, sampleRootsBy, unsampled } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const good = `00-${TRACE}-${SPAN}-01`;

afterEach(() => sampleRootsBy(() => false));

describe('a traceparent', () => {
  it('is read, of its flags only whether it is sampled', () => {
    expect(parseTraceparent(good)).toBe(good);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)).toBe(good);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)).toBe(`00-${TRACE}-${SPAN}-00`);
  });

  it('a traceparent of a later version is read as far as it is known', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-what-comes-later`)).toBe(good);
  });

  it.each([
    ['nothing', undefined],
    ['nonsense', 'nonsense'],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capital letters', good.toUpperCase()],
    ['the version that is forbidden', `ff-${TRACE}-${SPAN}-01`],
    ['more than its version has', `${good}-more`],
    ['less', good.slice(0, -1)],
  ])('%s is refused', (_, given) => {
    expect(parseTraceparent(given)).toBeUndefined();
    expect(childTrace(given)).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/);
    expect(childTrace(given)).not.toContain(TRACE);
  });
});

describe('a new span', () => {
  it('is in the trace of its parent, and sampled as that is', () => {
    sampleRootsBy(() => true);
    expect(childTrace(good)).toMatch(new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`));
    expect(isSampled(childTrace(`00-${TRACE}-${SPAN}-00`))).toBe(false);
    expect(isSampled(unsampled(good))).toBe(false);
  });

  it('a new span that begins a trace is sampled as was decided', () => {
    expect(isSampled(childTrace(undefined))).toBe(false);
    sampleRootsBy(() => true);
    expect(isSampled(childTrace(undefined))).toBe(true);
  });
});
