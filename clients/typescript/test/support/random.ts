/** Whole numbers from 0 up to, and without, n: the same sequence for the same seed (xorshift). */
export function sequence(seed: number): (n: number) => number {
  let x = (seed * 2_654_435_761) | 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}
