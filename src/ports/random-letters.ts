/** Random text that people can read to each other: base32, five bits a letter. */
import { randomBytes } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** Groups of random letters with hyphens between them, for example `ab2cd-efg3h` for `randomLetters(2, 5)`. */
export function randomLetters(groups: number, letters: number): string {
  return Array.from({ length: groups }, () =>
    Array.from(randomBytes(letters), (byte) => alphabet[byte % alphabet.length]).join(''),
  ).join('-')
}
