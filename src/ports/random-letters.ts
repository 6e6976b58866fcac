/** Random text for people to read and type: base32, five bits a letter. */
import { randomBytes } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** For example `ab2cd-efg3h` for `randomLetters(2, 5)`. */
export function randomLetters(groups: number, letters: number): string {
  return Array.from({ length: groups }, () =>
    Array.from(randomBytes(letters), (byte) => alphabet[byte % alphabet.length]).join(''),
  ).join('-')
}
