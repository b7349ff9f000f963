/**
 * Whether a number is a multiple of another, as one reads them: 0.05 is one of 0.01, although 0.05 % 0.01 is not 0.
 * @param step not 0
 */
export function isMultiple(value: number, step: number): boolean {
  const [a, b] = [decimal(value), decimal(step)];
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = ({ digits, exponent: own }: Decimal) => digits * 10n ** BigInt(own - exponent);
  return scaled(a) % scaled(b) === 0n;
}

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function decimal(value: number): Decimal {
  const [, whole, fraction = '', exponent] = /^(-?\d+)(?:\.(\d+))?e(.+)$/.exec(value.toExponential())!;
  return { digits: BigInt(whole! + fraction), exponent: Number(exponent) - fraction.length };
}
