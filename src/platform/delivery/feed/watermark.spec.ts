import { describe, expect, it } from '@jest/globals';
import { Watermark } from './watermark.js';

const sample = (head: number, ...writers: string[]) => ({ head, writers: new Set(writers) });

describe('the watermark', () => {
  it('follows the head while nobody writes', () => {
    const watermark = new Watermark();
    watermark.observe(sample(7));
    expect(watermark.settled).toBe(7);
    expect(watermark.waiting).toBe(false);
  });

  it('waits for every writer that was seen after the head was read', () => {
    const watermark = new Watermark();
    watermark.observe(sample(7, 'a', 'b'));
    watermark.observe(sample(7, 'b'));
    expect(watermark.settled).toBe(0);
    watermark.observe(sample(9, 'c'));
    expect(watermark.settled).toBe(7);
  });

  it('is not held up by writers that came later', () => {
    const watermark = new Watermark();
    watermark.observe(sample(7, 'a'));
    watermark.observe(sample(12, 'b'));
    watermark.observe(sample(15, 'c'));
    expect(watermark.settled).toBe(12);
  });

  it('stays where it is while one transaction writes for long, without piling up samples', () => {
    const watermark = new Watermark();
    for (let head = 1; head <= 1000; head++) watermark.observe(sample(head, 'long'));
    expect(watermark.settled).toBe(0);
    watermark.observe(sample(1000));
    expect(watermark.settled).toBe(1000);
  });
});
