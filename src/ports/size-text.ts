/** Sizes in progress lines, messages and the console, which are in English: `12.3 MB`. */
const MB = 1_000_000
const GB = 1_000 * MB
const TB = 1_000 * GB

export function sizeText(bytes: number): string {
  if (bytes < GB) return `${(bytes / MB).toFixed(1)} MB`
  return bytes < TB ? `${(bytes / GB).toFixed(1)} GB` : `${(bytes / TB).toFixed(1)} TB`
}
