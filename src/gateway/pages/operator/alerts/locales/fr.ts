/** The texts of alerts and checks in French. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const fr: AlertTexts = {
  'what.HeadwaterEngineDown': 'Moteur',
  'what.HeadwaterEngineRestarts': 'Redémarrages du moteur',
  'what.HeadwaterStorageDown': 'Stockage',
  'what.HeadwaterStoreLostItsEnd': 'Données perdues avant le dernier démarrage',
  'what.HeadwaterDiskLow': 'Espace disque libre',
  'what.HeadwaterDiskFullInADay': 'Disque plein d’ici un jour',
  'what.HeadwaterDiskFullInAMonth': 'Disque plein d’ici un mois',
  'what.HeadwaterLongLog': 'Journal à lire au prochain démarrage',
  'what.HeadwaterSyncsSlow': 'Durée de synchronisation du disque',
  'what.HeadwaterBackupOld': 'Dernière sauvegarde complète',
  'what.HeadwaterBackupFailed': 'Dernière tentative de sauvegarde',
  'what.HeadwaterBackupDrillFailed': 'Dernier exercice de restauration',
  'what.HeadwaterArchivesFail': 'Comptes qui n’ont pas pu être archivés',
  'what.HeadwaterArchiveDrillsFail': 'Archives qui n’ont pas pu être restaurées',
  'what.HeadwaterArchivesLate': 'Archivage de tous les comptes',
  'what.HeadwaterErrors': 'Erreurs du serveur',
  'what.HeadwaterErrorsOfOtherServices': 'Erreurs d’autres services',
  'what.HeadwaterPageErrors': 'Erreurs des pages et de la connexion',
  'what.HeadwaterOverloaded': 'Délai de la boucle d’événements',
  'what.HeadwaterTooManyAwake': 'Comptes éveillés',
  'what.HeadwaterAccountsPutToSleep': 'Comptes endormis pour faire de la place',
  'what.HeadwaterRateLimited': 'Appels limités',
  'what.HeadwaterUnhandledRejections': 'Erreurs non gérées',
  'what.HeadwaterEventsNotSequenced': 'Événements pas encore sur le firehose',
  'what.HeadwaterUndeliveredEvents': 'Comptes avec des événements non livrés',
  'what.HeadwaterFirehoseLag': 'Retard du firehose de cette passerelle',
  'what.HeadwaterSubscriberLag': 'Retard des abonnés',
  'what.HeadwaterEventsNotTrimmed': 'Événement le plus ancien du journal',
  'what.HeadwaterRelayThrottles': 'Comptes limités par des relais',
  'what.HeadwaterRelayLimitNear': 'Limites de comptes des relais',
  'what.HeadwaterRelayStatus': 'État auprès des relais',
  'what.HeadwaterRelayLag': 'Retard des relais',
  'what.HeadwaterWebhooksWait': 'Livraisons de webhooks en attente',
  'what.HeadwaterWebhookDisabled': 'Webhooks désactivés',
  'advice.HeadwaterEngineDown':
    'Il redémarre tout seul en quelques secondes. Si cela ne suffit pas, vérifiez engine/engine.log dans le dossier de données, la mémoire et l’espace disque.',
  'advice.HeadwaterEngineRestarts':
    'Vérifiez la fin de engine/engine.log dans le dossier de données, la mémoire (dmesg nomme les processus arrêtés par manque de mémoire) et l’espace disque.',
  'advice.HeadwaterStorageDown':
    'writable : le disque est plein, en lecture seule ou défaillant. blobs : vérifiez le dossier ou le bucket. accountDb, sequencerDb : vérifiez le moteur.',
  'advice.HeadwaterStoreLostItsEnd':
    'La cause est une coupure de courant avec PDS_DURABILITY=process, un disque qui confirme les écritures trop tôt, ou une sauvegarde restaurée. Les comptes annoncent de nouveau leur état aux relais.',
  'advice.HeadwaterDiskLow':
    'Libérez de l’espace ou agrandissez le volume. Aucun redémarrage n’est nécessaire.',
  'advice.HeadwaterDiskFullInADay':
    'Libérez de l’espace ou agrandissez le volume. D’anciennes sauvegardes sur le même disque retiennent des tables que le moteur a supprimées.',
  'advice.HeadwaterDiskFullInAMonth':
    'Agrandissez le volume à temps. Les graphiques ci-dessous montrent si ce sont les comptes ou les événements qui augmentent.',
  'advice.HeadwaterLongLog':
    'Le prochain démarrage dure une seconde de plus par tranche de 25 Mo. Redémarrez le serveur à une heure calme.',
  'advice.HeadwaterSyncsSlow':
    'Autre chose occupe le disque, le disque est défaillant (voir dmesg), ou le volume réseau est trop lent.',
  'advice.HeadwaterBackupOld':
    'headwater backup n’a pas été lancé, ou pas jusqu’au bout. Vérifiez le minuteur ou la tâche cron.',
  'advice.HeadwaterBackupFailed': 'Faites de la place, ou corrigez la commande, puis relancez-la.',
  'advice.HeadwaterBackupDrillFailed':
    'La sauvegarde ne peut pas être restaurée telle quelle : faites-en une nouvelle et lancez headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed en donne les raisons. Ils sont retentés au prochain tour.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed en donne les raisons. Faites une nouvelle archive avec headwater archive create, puis headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'Aucune passerelle n’archive de comptes, ou un tour dure plus que PDS_ARCHIVE_INTERVAL_HOURS. Voir le journal.',
  'advice.HeadwaterErrors':
    'Le journal a une ligne pour chacune, avec x-request-id. 503 : le serveur refuse du travail ; 507 : le disque.',
  'advice.HeadwaterErrorsOfOtherServices':
    'L’AppView, un service de modération ou l’annuaire PLC est en échec ; le journal dit lequel.',
  'advice.HeadwaterPageErrors': 'Le journal a une ligne pour chacune, avec x-request-id.',
  'advice.HeadwaterOverloaded':
    'Activez PDS_RATE_LIMITS_ENABLED. Plus de processeurs n’aident qu’avec plusieurs processus.',
  'advice.HeadwaterTooManyAwake':
    'Augmentez PDS_MAX_AWAKE_ACCOUNTS s’il y a 1 Mo de mémoire pour chaque compte supplémentaire. Si la mémoire manque, diminuez-le.',
  'advice.HeadwaterAccountsPutToSleep':
    'Plus de comptes sont utilisés que PDS_MAX_AWAKE_ACCOUNTS. Augmentez-le s’il y a de la mémoire.',
  'advice.HeadwaterRateLimited':
    'Pour exempter un client, définissez PDS_RATE_LIMIT_BYPASS_IPS. Si tous les clients ont la même adresse, définissez PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'C’est un bogue. Signalez la trace qui est dans le journal. Le serveur continue de fonctionner.',
  'advice.HeadwaterEventsNotSequenced':
    'Les enregistrements sont stockés mais n’atteignent pas les relais : le moteur ou le séquenceur ne répond pas. Voir le journal.',
  'advice.HeadwaterUndeliveredEvents':
    'En général, le moteur ou le séquenceur ne répond pas. Les événements sont livrés plus tard, dans l’ordre.',
  'advice.HeadwaterFirehoseLag': 'Redémarrez cette passerelle.',
  'advice.HeadwaterSubscriberLag':
    'Un abonné trop en retard est déconnecté, et se reconnecte avec son curseur.',
  'advice.HeadwaterEventsNotTrimmed':
    'Normal si rien n’est écrit, ou si PDS_REPO_BACKFILL_LIMIT_MS dépasse un jour. Sinon, c’est un bogue.',
  'advice.HeadwaterRelayThrottles':
    'Un relais limite le nombre de comptes d’un serveur. Envoyez à son opérateur la demande préparée.',
  'advice.HeadwaterRelayLimitNear':
    'Demandez une limite plus élevée avant de l’atteindre ; la demande est préparée.',
  'advice.HeadwaterRelayStatus':
    'Si ce serveur y est hors ligne, vérifiez le DNS, TLS et le pare-feu. S’il est banni, demandez à l’opérateur du relais. S’il est inconnu, demandez une exploration.',
  'advice.HeadwaterRelayLag':
    'Le relais limite les événements de ce serveur, ou n’est pas connecté. Demandez une exploration.',
  'advice.HeadwaterWebhooksWait':
    'Un point de terminaison ne répond pas, ou pas par 2xx. Les livraisons sont retentées pendant trois jours.',
  'advice.HeadwaterWebhookDisabled':
    'Le point de terminaison a répondu 410, ou n’a eu que des échecs pendant cinq jours. Corrigez-le, puis activez-le : les livraisons reprennent là où elles se sont arrêtées.',
  noData: 'pas encore de données',
  ok: 'OK',
  failed: 'en échec',
  none: 'aucun',
  no: 'non',
  noAnswer: 'ne répond pas',
  sinceStart: '{n} depuis le démarrage',
  unusable: 'inutilisable : {parts}',
  lastOnes: 'les dernières {time}',
  sizeFree: '{size} libres',
  fullAtThisRate: 'oui, au rythme de la dernière heure',
  old: 'vieux de {age}',
  noArchives: 'aucune archive',
  late: '{time} de retard',
  inTime: 'à temps',
  noneFailed: 'aucun échec',
  failPerSecond: '{n} échecs par seconde',
  perSecond: '{n} par seconde',
  ofTotal: '{n} sur {total}',
  noneLastHour: 'aucune dans la dernière heure',
  noCalls: 'aucun appel',
  nWaiting: '{n} en attente',
  atMost: 'au plus {n}',
  noSubscribers: 'aucun abonné',
  slowestOf: '{time} pour le plus lent des {n}',
  closeTo: 'proche de {limit} chez {relay}',
  statusAt: '{status} chez {relay}',
  noRelays: 'aucun relais configuré',
  'check.storage': 'stockage',
  'check.disk': 'disque',
  'check.mail': 'e-mail',
  'check.plc': 'annuaire PLC',
  'check.keys': 'clés',
  'check.relays': 'relais',
  'check.relay': 'relais {relay}',
  seeLog: 'Consultez le journal du serveur.',
  allUsable: 'Toutes les parties sont utilisables.',
  notUsable: 'Inutilisable : {parts}',
  isEngineUp:
    'Le moteur fonctionne-t-il (RIVET_ENDPOINT, s’il est ailleurs) ? Consultez le journal du serveur.',
  spaceUnknown: 'L’espace libre n’est pas connu.',
  spaceFree: '{size} libres sur le volume du dossier de données',
  makeRoom: 'Faites de la place, ou passez à un volume plus grand.',
  mailsWritten: 'Les e-mails sont écrits dans {folder} et ne sont pas envoyés.',
  setMail: 'Définissez PDS_EMAIL_SMTP_URL et PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted:
    'Le serveur de messagerie accepte la connexion ; headwater mail test envoie un e-mail.',
  mailRefused: 'Le serveur de messagerie refuse : {reason}',
  correctMail: 'Corrigez PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Il répond.',
  checkPlcCalls:
    'Vérifiez le DNS et le pare-feu pour les appels depuis cette machine, et PDS_DID_PLC_URL.',
  ownKeys:
    'Ce sont celles avec lesquelles les données ont été écrites ; il n’y a pas de compte did:plc à comparer.',
  rotationKeyMissing: 'L’annuaire PLC n’indique pas la clé de rotation de ce serveur pour {did}.',
  setRotationKey: 'Définissez l’ancien PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX.',
  signingKeyMissing: 'Le document DID de {did} n’a pas la clé de signature du compte.',
  keysAgree:
    'Ce sont celles avec lesquelles les données ont été écrites, et l’annuaire PLC concorde pour {did}.',
  noRelayAsked: 'Aucun relais n’est invité à explorer ce serveur.',
  setCrawlers: 'Définissez PDS_CRAWLERS, par exemple https://bsky.network.',
  checkRelayCalls:
    'Vérifiez le DNS et le pare-feu pour les appels depuis cette machine, et PDS_CRAWLERS.',
  statusThere: 'État de ce serveur là-bas : {status}',
  knowsServer: 'Il connaît ce serveur.',
  behind: '{time} de retard',
  throttledThere: 'Comptes limités là-bas : {n}. Ce qu’ils écrivent n’est pas transmis.',
  limitNear: 'Comptes : {n}. Le relais n’en accepte peut-être pas plus de {limit}.',
  unreachable: 'Injoignable : {reason}',
}
