/** Turns what the sequencer stores into events: the operations of a commit one by one, and private events. */
import { CommitOperation, StreamEvent } from '#src/gateway/events/stream-event.ts'
import { type FrameFields, readFrame } from '#src/protocol/frame-reader.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'

/**
 * A commit of n operations takes n seqs, of which `seq` is the last. One that was stored before that was so takes one,
 * and all its operations have that seq.
 */
export function project({ seq, seqCount, frame }: LogEvent): StreamEvent[] {
  const fields = readFrame(frame)
  const { did, time } = fields
  switch (fields.kind) {
    case '#commit':
      return projectCommit(fields, seq, seqCount ?? 1)
    case '#identity':
      return [
        new StreamEvent({ seq, did, time, kind: 'identity', identity: only(fields, 'handle') }),
      ]
    case '#account': {
      const account = { active: fields.active ?? false, ...only(fields, 'status') }
      return [new StreamEvent({ seq, did, time, kind: 'account', account })]
    }
    case '#sync': {
      const { rev = '', blocks = new Uint8Array() } = fields
      return [new StreamEvent({ seq, did, time, kind: 'sync', sync: { rev, blocks } })]
    }
    default:
      return []
  }
}

function projectCommit(fields: FrameFields, seq: number, seqCount: number): StreamEvent[] {
  const { did, time, rev = '', commit, ops = [] } = fields
  const count = ops.length
  const first = seqCount === count ? seq - count + 1 : undefined
  return ops.map((op, index) => {
    const operation = new CommitOperation(op, { rev, index, count, commit })
    const at = first === undefined ? seq : first + index
    return new StreamEvent({ seq: at, did, time, kind: 'commit', commit: operation })
  })
}

function only<K extends 'handle' | 'status'>(fields: FrameFields, name: K): { [P in K]?: string } {
  const value = fields[name]
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: string }
}

export function projectPrivate({ seq, did, kind, time, subject, body }: PrivateEvent): StreamEvent {
  const fields = { seq, did, time, kind: kind.replace(/^#/, ''), isPrivate: true, body }
  return new StreamEvent(subject === undefined ? fields : { ...fields, subject })
}

/** Events of both kinds, by seq. */
export function projectAll(
  events: readonly LogEvent[],
  privateEvents: readonly PrivateEvent[] = [],
): StreamEvent[] {
  const projected = events.flatMap(project)
  if (privateEvents.length === 0) return projected
  const all = [...projected, ...privateEvents.map(projectPrivate)]
  return all.sort((a, b) => a.seq - b.seq)
}
