/** Sizes for people, such as `1.5 MB`. */
const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** In powers of 1,000, as the lexicons count. */
export function byteText(language: string, bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  const format = new Intl.NumberFormat(language, {
    ...{ style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short' },
    ...{ maximumFractionDigits: 1 },
  } as const)
  return format.format(bytes / 1000 ** power)
}
