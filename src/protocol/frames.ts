/** Firehose frames: a DAG-CBOR header followed by a DAG-CBOR body (event stream specification). */
import { cborDecode as decode } from '@atproto/lex-cbor'
import { CborWriter } from '#src/protocol/cbor.ts'

export type EventKind = '#commit' | '#sync' | '#identity' | '#account'

/** An event's body without its seq: `seqAt` is the offset at which the seq's CBOR integer belongs. */
export interface EncodedEvent {
  kind: EventKind
  event: Uint8Array
  seqAt: number
  /** The repo's commit after this event, if the event has one. */
  head?: string
  rev?: string
  /** If the event has the signed commit. */
  place?: CommitPlace
}

/** Where in an event without its seq its commit is, in bytes. */
export interface CommitPlace {
  /** Of the encoded operations, which begin at `opsAt`; 0 if there are none. */
  opsLength: number
  blockAt: number
  blockLength: number
}

/** Where the operations of a #commit begin: after the header of the map and their name. */
export const opsAt = 5

const writer = new CborWriter()
const headers = new Map<string, Uint8Array>()

export function frame(kind: string, event: Uint8Array, seqAt: number, seq: number): Uint8Array {
  return writer
    .raw(headerOf(kind))
    .raw(event.subarray(0, seqAt))
    .uint(seq)
    .raw(event.subarray(seqAt))
    .take()
}

/** Throws if the event is not DAG-CBOR. */
export function eventBody(event: Uint8Array, seqAt: number): Readonly<Record<string, unknown>> {
  const body = writer.raw(event.subarray(0, seqAt)).uint(0).raw(event.subarray(seqAt)).take()
  return decode(body) as Record<string, unknown>
}

export function infoFrame(name: string, message: string): Uint8Array {
  return writer
    .raw(headerOf('#info'))
    .map(2)
    .text('name')
    .text(name)
    .text('message')
    .text(message)
    .take()
}

export function errorFrame(error: string, message: string): Uint8Array {
  const header = Uint8Array.of(0xa1, 0x62, 0x6f, 0x70, 0x20) // {op: -1}
  return writer.raw(header).map(2).text('error').text(error).text('message').text(message).take()
}

function headerOf(kind: string): Uint8Array {
  let header = headers.get(kind)
  if (header === undefined) {
    header = new CborWriter().map(2).text('t').text(kind).text('op').uint(1).take()
    headers.set(kind, header)
  }
  return header
}
