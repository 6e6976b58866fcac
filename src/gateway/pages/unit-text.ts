/** Numbers for people in the language of the page: short ones, and amounts with their unit. */

/** Such as `1.5 sec`, `3 days` or `0.2%`; below 10 with a decimal. */
export function unitText(
  language: string,
  n: number,
  unit: 'second' | 'millisecond' | 'minute' | 'hour' | 'day' | 'percent',
  unitDisplay: 'short' | 'long' = 'short',
): string {
  const maximumFractionDigits = n < 10 ? 1 : 0
  const style = { style: 'unit', unit, unitDisplay, maximumFractionDigits } as const
  return new Intl.NumberFormat(language, style).format(n)
}

/** Such as `0.25`, `120` or `1.2K`. */
export function shortNumberText(language: string, n: number): string {
  const precision =
    Math.abs(n) < 10
      ? ({ maximumSignificantDigits: 2 } as const)
      : ({ notation: 'compact', maximumFractionDigits: 1 } as const)
  return new Intl.NumberFormat(language, precision).format(n)
}
