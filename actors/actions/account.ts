/**
 * The actions of the account actor; nothing else can be called. A comment at a write says why it may be repeated, if its
 * name does not.
 */
import { archiveActions } from '#actors/actions/account/archive.ts'
import { blobsActions } from '#actors/actions/account/blobs.ts'
import { byMembers } from '#actors/actions/account/by-members.ts'
import { factorsActions } from '#actors/actions/account/factors.ts'
import { groupActions } from '#actors/actions/account/group.ts'
import { historyActions } from '#actors/actions/account/history.ts'
import { lifecycleActions } from '#actors/actions/account/lifecycle.ts'
import { oauthActions } from '#actors/actions/account/oauth.ts'
import { repoActions } from '#actors/actions/account/repo.ts'
import { sessionsActions } from '#actors/actions/account/sessions.ts'
import type { Actions } from '#src/rules/actions.ts'

export const accountActions = byMembers({
  ...repoActions,
  ...blobsActions,
  ...sessionsActions,
  ...lifecycleActions,
  ...factorsActions,
  ...oauthActions,
  ...groupActions,
  ...historyActions,
  ...archiveActions,
} satisfies Actions)
export type AccountActions = typeof accountActions
