/** QR codes. */
import { renderSVG } from 'uqr'

/** An SVG without width and height, dark on white, with the quiet zone that readers need. */
export function qrCode(text: string): string {
  return renderSVG(text, { border: 4, ecc: 'L' })
}
