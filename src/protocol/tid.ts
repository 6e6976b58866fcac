/** Timestamp identifiers: 13 sortable characters from microseconds and a clock id (TID specification). */

const alphabet = '234567abcdefghijklmnopqrstuvwxyz'

/** `micros` is in microseconds since 1970, `clockId` has 10 bits. */
export function tid(micros: number, clockId: number): string {
  let rest = Math.floor(micros)
  let head = ''
  for (let i = 0; i < 11; i++) {
    head = alphabet[rest % 32] + head
    rest = Math.floor(rest / 32)
  }
  return head + alphabet[(clockId >> 5) & 31] + alphabet[clockId & 31]
}

export function isTid(text: string): boolean {
  return /^[2-7a-j][2-7a-z]{12}$/.test(text)
}

export function tidMicros(text: string): number {
  let micros = 0
  for (let i = 0; i < 11; i++) micros = micros * 32 + alphabet.indexOf(text[i]!)
  return micros
}

export function nextTid(nowMs: number, clockId: number, previous: string | null): string {
  const now = nowMs * 1000
  const floor = previous === null ? 0 : tidMicros(previous) + 1
  return tid(Math.max(now, floor), clockId)
}
