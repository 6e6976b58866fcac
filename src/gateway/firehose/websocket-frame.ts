/** Frames WebSocket messages, once for all subscribers (RFC 6455 section 5.2: server frames are not masked). */

const FIN_TEXT = 0x81
const FIN_BINARY = 0x82

export interface FramedMessages {
  bytes: Buffer
  /** End offset of each message's frame in `bytes`. */
  ends: number[]
}

function headerSize(length: number): number {
  if (length < 126) return 2
  return length < 0x1_0000 ? 4 : 10
}

function writeHeader(into: Buffer, at: number, first: number, length: number): number {
  into[at] = first
  if (length < 126) return into.writeUInt8(length, at + 1)
  if (length < 0x1_0000) {
    into[at + 1] = 126
    return into.writeUInt16BE(length, at + 2)
  }
  into[at + 1] = 127
  return into.writeBigUInt64BE(BigInt(length), at + 2)
}

function frame(
  lengths: readonly number[],
  first: number,
  write: (into: Buffer, at: number, i: number) => void,
): FramedMessages {
  const size = lengths.reduce((sum, length) => sum + headerSize(length) + length, 0)
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  const ends = lengths.map((length, i) => {
    at = writeHeader(bytes, at, first, length)
    write(bytes, at, i)
    at += length
    return at
  })
  return { bytes, ends }
}

/** As binary messages. */
export function frameMessages(messages: readonly Uint8Array[]): FramedMessages {
  const lengths = messages.map(({ length }) => length)
  return frame(lengths, FIN_BINARY, (into, at, i) => into.set(messages[i]!, at))
}

/** As text messages. */
export function frameTexts(texts: readonly string[]): FramedMessages {
  const lengths = texts.map((text) => Buffer.byteLength(text))
  return frame(lengths, FIN_TEXT, (into, at, i) => into.write(texts[i]!, at, 'utf8'))
}

/** Length of the message in a frame of the above. */
export function messageLength({ length }: Uint8Array): number {
  if (length < 2 + 126) return length - 2
  return length < 4 + 0x1_0000 ? length - 4 : length - 10
}
