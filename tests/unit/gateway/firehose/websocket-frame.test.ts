import { expect, it } from 'vitest'
import * as ws from 'ws'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'

const { Sender } = ws as unknown as {
  Sender: { frame(data: Buffer, options: object): Buffer[] }
}

/** The frames that `ws` itself sends. */
const frame = (message: Buffer): Buffer[] =>
  Sender.frame(message, {
    fin: true,
    opcode: 2,
    mask: false,
    readOnly: true,
    rsv1: false,
  })

it('messages of every size are framed as ws frames them', () => {
  const messages = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((size) =>
    Buffer.alloc(size, size),
  )
  const { bytes, ends } = frameMessages(messages)
  expect(bytes.equals(Buffer.concat(messages.flatMap(frame)))).toBe(true)
  const sizes = messages.map((message) => Buffer.concat(frame(message)).length)
  expect(ends).toEqual(sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b)))
})
