/** A minimal DNS server that knows one short TXT record per name. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface NameServer {
  /** `127.0.0.1:<port>`. */
  address: string
  /** Name to the text of its TXT record. */
  records: Record<string, string>
  close(): void
}

export async function startNameServer(): Promise<NameServer> {
  const records: Record<string, string> = {}
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    socket.send(answerTxt(question, records), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, records, close: () => socket.close() }
}

/** The response to a TXT query (RFC 1035): the record, or NXDOMAIN. */
function answerTxt(question: Buffer, records: Readonly<Record<string, string>>): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = question[at]!; length > 0; length = question[at]!) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const attempt = question.subarray(12, at + 5)
  const text = records[labels.join('.').toLowerCase()]
  const head = Buffer.alloc(12)
  question.copy(head, 0, 0, 2)
  head.writeUInt16BE(text === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  if (text === undefined) return Buffer.concat([head, attempt])
  head.writeUInt16BE(1, 6)
  const data = Buffer.concat([Buffer.of(text.length), Buffer.from(text)])
  // A pointer to the name in the question; TXT, IN, TTL 60 s.
  const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, data.length])
  return Buffer.concat([head, attempt, record, data])
}
