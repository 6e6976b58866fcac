/** What a directory knows of moves, for the fixtures of its schema. */
import * as directory from '#src/directory/directory.ts'
import type { Directory } from '#src/directory/open-directory.ts'

export const nextServer = 'https://next.example.com'

/** An account that is invited to move here, and a move of `did` that runs. */
export async function fillMoves(of: Directory, did: string): Promise<void> {
  await directory.addMoveInvites(of, {
    ...{ server: nextServer, tenant: null },
    accounts: [
      {
        ...{ did: 'did:plc:invited', handle: 'invited.example', keepsHandle: true },
        ...{ email: 'invited@example.com', code: 'pds-test-invit-abcde' },
      },
    ],
  })
  await directory.recordInviteMail(of, { did: 'did:plc:invited' })
  await directory.addRunningMove(of, { did })
}
