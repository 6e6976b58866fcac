/** The actions of OAuth grants, and of browsers that remember the account. */
import { authenticateAccount } from '#src/account/oauth/authenticate-account.ts'
import { checkAccessToken } from '#src/account/oauth/check-access-token.ts'
import {
  describeWithClients,
  findOnDevice,
  listDevices,
  setAuthorizedClient,
  signInOnDevice,
  signOutOfDevice,
} from '#src/account/oauth/devices-and-clients.ts'
import {
  createGrant,
  findGrant,
  listGrants,
  removeGrant,
  rotateGrant,
} from '#src/account/oauth/grants.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const oauthActions = {
  oauth: {
    ...reads({
      authenticateAccount,
      describe: describeWithClients,
      findGrant,
      listGrants,
      findOnDevice,
      listDevices,
    }),
    ...writes({
      // A proof is accepted once, and again for a retry of the same attempt.
      checkAccessToken,
      // The caller makes the token's id and the id of the one that follows it.
      createGrant,
      rotateGrant,
      removeGrant,
      signInOnDevice,
      signOutOfDevice,
      setAuthorizedClient,
    }),
  },
} satisfies Actions
