/** Numbers for people in the language of the page: short ones, and amounts with their unit. */

type Unit = 'second' | 'millisecond' | 'minute' | 'hour' | 'day' | 'percent'

/** A chart formats hundreds of numbers, and a format takes longer to make than to use. */
const formats = new Map<string, Intl.NumberFormat>()

/** Such as `1.5 sec`, `3 days` or `0.2%`; below 10 with a decimal. */
export function unitText(
  language: string,
  n: number,
  unit: Unit,
  unitDisplay: 'short' | 'long' = 'short',
): string {
  const maximumFractionDigits = n < 10 ? 1 : 0
  const style = { style: 'unit', unit, unitDisplay, maximumFractionDigits } as const
  return formatOf(language, style).format(n)
}

/** Such as `0.25`, `120` or `1.2K`. */
export function shortNumberText(language: string, n: number): string {
  const precision =
    Math.abs(n) < 10
      ? ({ maximumSignificantDigits: 2 } as const)
      : ({ notation: 'compact', maximumFractionDigits: 1 } as const)
  // Some languages shorten only from 10,000 on.
  return formatOf(language, precision).format(Math.abs(n) < 1_000 ? n : Math.round(n))
}

function formatOf(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${language} ${JSON.stringify(options)}`
  const format = formats.get(name) ?? new Intl.NumberFormat(language, options)
  formats.set(name, format)
  return format
}
