/** Frames binary WebSocket messages, once for all subscribers (RFC 6455 section 5.2: server frames are not masked). */

const FIN_BINARY = 0x82

function headerSize(length: number): number {
  if (length < 126) return 2
  return length < 0x1_0000 ? 4 : 10
}

function writeHeader(into: Buffer, at: number, length: number): number {
  into[at] = FIN_BINARY
  if (length < 126) return into.writeUInt8(length, at + 1)
  if (length < 0x1_0000) {
    into[at + 1] = 126
    return into.writeUInt16BE(length, at + 2)
  }
  into[at + 1] = 127
  return into.writeBigUInt64BE(BigInt(length), at + 2)
}

export function frameMessages(messages: readonly Uint8Array[]): { bytes: Buffer; ends: number[] } {
  const size = messages.reduce((sum, { length }) => sum + headerSize(length) + length, 0)
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  const ends = messages.map((message) => {
    at = writeHeader(bytes, at, message.length)
    bytes.set(message, at)
    at += message.length
    return at
  })
  return { bytes, ends }
}
