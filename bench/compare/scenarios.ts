/** Every scenario, in the order in which they run. */

import type { Scenario } from './scenario.ts'
import { creation, logIn } from './scenarios/accounts.ts'
import { admin } from './scenarios/admin.ts'
import { blobs } from './scenarios/blobs.ts'
import { crawlers } from './scenarios/crawlers.ts'
import { credentials } from './scenarios/credentials.ts'
import { didWeb } from './scenarios/did-web.ts'
import { domains } from './scenarios/domains.ts'
import { identity } from './scenarios/identity.ts'
import { activation, deactivationAndDeletion, migrationIn } from './scenarios/lifecycle.ts'
import { longForm } from './scenarios/long-form.ts'
import { appPasswords, mail, serviceAuth } from './scenarios/mail.ts'
import { proxying } from './scenarios/proxying.ts'
import { readAfterWrite } from './scenarios/read-after-write.ts'
import { records } from './scenarios/records.ts'
import { requests } from './scenarios/requests.ts'
import { routes } from './scenarios/routes.ts'
import { everyState } from './scenarios/states.ts'
import { strict } from './scenarios/strict.ts'
import { firehose, repos } from './scenarios/sync.ts'

const aboutAccounts = [creation, logIn, mail, appPasswords, serviceAuth, identity, domains, didWeb]
const aboutRepos = [records, longForm, blobs, repos, firehose]
const aboutStates = [migrationIn, activation, deactivationAndDeletion, admin, ...everyState]

export const scenarios: Scenario[] = [
  ...aboutAccounts,
  ...aboutRepos,
  ...aboutStates,
  routes,
  credentials,
  requests,
  crawlers,
  proxying,
  readAfterWrite,
  strict,
]
