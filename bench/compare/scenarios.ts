/** Every scenario, in the order in which they are played. */
import { credentials } from './scenarios/credentials.ts'
import { requests } from './scenarios/requests.ts'
import { everyState } from './scenarios/states.ts'
import type { Scenario } from './worlds.ts'

export const scenarios: Scenario[] = [credentials, requests, ...everyState]
