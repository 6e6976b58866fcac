/** The operator's colors: validation, and a readable text color for each. */

/** Undefined unless the text is #rgb, #rrggbb or rgb(r, g, b): it is inserted into the style sheet. */
export function safeColor(text: string | undefined): string | undefined {
  return text !== undefined && channels(text) !== undefined ? text : undefined
}

/** Black or white, whichever has the higher contrast (WCAG relative luminance). */
export function textColorOn(color: string): string {
  const [r, g, b] = (channels(color) ?? [0, 0, 0]).map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  return luminance > 0.179 ? '#000' : '#fff'
}

function channels(color: string): number[] | undefined {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1]
  if (hex !== undefined) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g)!
    return digits.map((pair) => Number.parseInt(pair, 16))
  }
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(color)
  return parts?.slice(1).map(Number)
}
