/** Reads and changes the takedown and deactivation status of a moderation subject. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Subject } from '#src/gateway/methods/subjects.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface StatusAttr {
  applied: boolean
  ref?: string
}

/** com.atproto.admin.getSubjectStatus. Throws 400 NotFound. */
export async function readSubjectStatus(account: RemoteAccount, did: string, subject: Subject) {
  if (subject.kind === 'account') {
    const { status, takedownRef, deactivatedAt } = await account.moderation.getState()
    if (status === 'deleted') throw unknownSubject()
    return {
      subject: { $type: 'com.atproto.admin.defs#repoRef', did } as const,
      takedown: attr(takedownRef),
      deactivated: { applied: deactivatedAt !== null },
    }
  }
  if (subject.kind === 'record') {
    const { collection, rkey } = subject
    const found = await account.moderation.getRecordStatus({ collection, rkey })
    if (found === null) throw unknownSubject()
    const uri = `at://${did}/${collection}/${rkey}`
    return {
      subject: { $type: 'com.atproto.repo.strongRef', uri, cid: found.cid } as const,
      takedown: attr(found.takedownRef),
    }
  }
  const { cid } = subject
  const found = await account.blob.getTakedown({ cid })
  if (found === null) throw unknownSubject()
  return {
    subject: { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid } as const,
    takedown: attr(found.takedownRef),
  }
}

/**
 * com.atproto.admin.updateSubjectStatus. For an account, without `takedown` and `deactivated`, emits its state again.
 * Throws 400 if the two contradict each other, or if an account cannot be activated (as `activateAccount`).
 */
export async function applySubjectStatus(
  server: ServerContext,
  did: string,
  subject: Subject,
  { takedown, deactivated }: { takedown?: StatusAttr; deactivated?: StatusAttr },
): Promise<void> {
  if (takedown?.applied && deactivated?.applied === false) {
    throw invalidRequest('Cannot activate and takedown an account at the same time')
  }
  const account = server.dispatch.account(did)
  // The ref must not be empty: a subject counts as taken down if it has one.
  const ref = takedown?.applied ? takedown.ref || new Date().toISOString() : null
  switch (subject.kind) {
    case 'record': {
      const { collection, rkey } = subject
      if (takedown) await account.moderation.setRecordTakedown({ collection, rkey, ref })
      return
    }
    case 'blob':
      if (takedown) await account.blob.setTakedown({ cid: subject.cid, ref })
      return
    case 'account':
      if (takedown) await account.lifecycle.changeState({ takedownRef: ref })
      if (deactivated?.applied) {
        await account.lifecycle.changeState({ active: false, deleteAfter: null })
      } else if (deactivated) await server.activateAccount(did)
      if (!takedown && !deactivated) await account.lifecycle.changeState({})
  }
}

function attr(ref: string | null): StatusAttr {
  return ref === null ? { applied: false } : { applied: true, ref }
}

function unknownSubject() {
  return invalidRequest('Subject not found', 'NotFound')
}
