/**
 * Forms of single values as patterns, so that the published JSON Schema says the same as the errors. Ranges follow
 * Proxmox VE's API (reference/proxmox-api.md); its own refusals come later and without a line.
 */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const IPV4_LENGTH = '(?:/(?:3[0-2]|[12]\\d|[1-9]))?';
/** A pattern for IPv6 that is right cannot be read: this one keeps names and zones away, node:net decides. */
const IPV6 = '[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*';
const IPV6_LENGTH = '/(?:12[0-8]|1[01]\\d|[1-9]\\d|[89])';
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const DOMAIN = `${LABEL}(?:\\.${LABEL})*`;
const STORAGE_NAME = '[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]';
/** What follows the first slash: no `..`, no comma and no colon, which separate options of Proxmox VE's mount points. */
const BELOW = '(?!(?:[^,:\\s]*/)?\\.\\.(?:[/:]|$))[^,:\\s]';
const DEVICE_PATH = `/dev/${BELOW}+`;
/** What the kernel and systemd mount within every container. */
const NOT_RESERVED = '(?!(?:proc|sys|dev|run)(?:/|$))';
/** One name of a path that is none of `.` and `..`. */
const SEGMENT = '(?!\\.\\.?(?:/|$))[^,:/\\s]+';
/** A repository's or directory's name, as src/desired takes it. */
const NAME = '[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?';

export const ADDRESS = new RegExp(`^(?:dhcp|${IPV4}${IPV4_LENGTH})$`);
export const INTERFACE_ADDRESS = new RegExp(`^(?:dhcp|manual|none|${IPV4}${IPV4_LENGTH})$`);
export const GATEWAY = new RegExp(`^(?:none|${IPV4})$`);
/** Proxmox VE takes no prefix below 8. */
export const ADDRESS6 = new RegExp(`^(?:dhcp|auto|${IPV6}${IPV6_LENGTH})$`);
export const INTERFACE_ADDRESS6 = new RegExp(`^(?:dhcp|auto|manual|none|${IPV6}${IPV6_LENGTH})$`);
export const IPV6_ONLY = new RegExp(`^${IPV6}$`);
export const ANY_IP = new RegExp(`^(?:${IPV4}|${IPV6})$`);
/** Linux takes 64 characters as a host name. */
export const HOSTNAME = new RegExp(`^(?=.{1,64}$)${DOMAIN}$`);
export const SEARCH_DOMAINS = new RegExp(`^(?=.{1,255}$)${DOMAIN}(?: ${DOMAIN})*$`);
export const NODE = new RegExp(`^${LABEL}$`);
export const BRIDGE = /^[A-Za-z][A-Za-z0-9_.-]{1,14}$/;
/** Linux takes 15 characters; lo is there already. */
export const INTERFACE = /^(?!lo$)[A-Za-z][A-Za-z0-9_.-]{0,14}$/;
/** Unicast: the lowest bit of the first byte is not set. */
export const MAC = /^(?!00(?::00){5}$)[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}$/;
export const STORAGE = new RegExp(`^${STORAGE_NAME}$`);
export const DISK = new RegExp(`^${STORAGE_NAME}:[1-9]\\d{0,5}$`);
/** Not a number alone: JavaScript would put it before the others, whatever lies within what. */
export const VOLUME = /^(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** Of what lies within a container; not the root, and none of the file systems that the kernel and systemd put there. */
export const CONTAINER_PATH = new RegExp(`^/${NOT_RESERVED}${SEGMENT}(?:/${SEGMENT})*/?$`);
export const HOST_PATH = new RegExp(`^/(?!dev(?:/|$))(?:${SEGMENT}(?:/${SEGMENT})*/?)?$`);
export const TEMPLATE = new RegExp(
  `^(?:[a-z]+(?:-\\d+(?:\\.\\d+)?)?|${STORAGE_NAME}:vztmpl/[^/\\s:,]+\\.tar(?:\\.(?:gz|xz|zst|bz2))?)$`,
);
export const DEVICE = new RegExp(`^${DEVICE_PATH}$`);
export const DEVICE_MODE = /^0[0-7]{3}$/;
export const MOUNT = new RegExp(`^(?:share|${DEVICE_PATH}|/(?!dev/)${BELOW}*:/${NOT_RESERVED}${BELOW}+)$`);
export const FILE_SYSTEM = /^[a-z][a-z0-9_]{0,31}$/;
/** Pools may stand in pools, three deep. */
export const POOL = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+){0,2}$/;
/** Lower case, because Proxmox VE makes it so unless told otherwise. */
export const TAG = /^[a-z0-9_][a-z0-9_.+-]{0,63}$/;
export const DEPENDENCY = new RegExp(`^${NAME}(?:/${NAME})?$`);
/** Proxmox VE's own rule for names of snapshots. */
export const SNAPSHOT = /^[A-Za-z][A-Za-z0-9_-]{1,39}$/;
export const SECRET = /^[A-Z][A-Z0-9_]{0,63}$/;
export const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@\\-]*$/;
/** The host may be missing: then it is the container itself. */
export const HTTP = /^https?:\/\/(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*)(?::\d{1,5})?(?:\/[^\s]*)?$/;
