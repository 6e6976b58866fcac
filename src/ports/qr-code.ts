/** Text as a QR code, for a phone to read from a screen. */
import { renderSVG } from 'uqr'

/** An SVG without a width or height of its own, dark on white, with the quiet zone that readers need. */
export function qrCode(text: string): string {
  return renderSVG(text, { border: 4, ecc: 'L' })
}
