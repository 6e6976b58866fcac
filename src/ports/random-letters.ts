/** Random text for people to read and type, for example `ab2cd-efg3h`: base32, five bits a letter. */
import { randomBytes } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export function randomLetters(groups: number, letters: number): string {
  return Array.from({ length: groups }, () =>
    Array.from(randomBytes(letters), (byte) => alphabet[byte % alphabet.length]).join(''),
  ).join('-')
}
