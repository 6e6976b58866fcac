/** QR codes as SVG: without width and height, dark on white, with the quiet zone that readers need. */
import { renderSVG } from 'uqr'

export function qrCode(text: string): string {
  return renderSVG(text, { border: 4, ecc: 'L' })
}
