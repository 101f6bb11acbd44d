/**
 * Forms of single values as patterns, so that the published JSON Schema says the same as the errors. Ranges follow
 * Proxmox VE's API (reference/proxmox-api.md); its own refusals come later and without a line.
 */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const STORAGE = '[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]';
/** What follows the first slash: no `..`, no comma and no colon, which separate options of Proxmox VE's mount points. */
const BELOW = '(?!(?:[^,:\\s]*/)?\\.\\.(?:[/:]|$))[^,:\\s]';
const DEVICE_PATH = `/dev/${BELOW}+`;

export const ADDRESS = new RegExp(`^(?:dhcp|${IPV4}(?:/(?:3[0-2]|[12]\\d|[1-9]))?)$`);
export const IPV4_ONLY = new RegExp(`^${IPV4}$`);
/** Linux takes 64 characters as a host name. */
export const HOSTNAME = new RegExp(`^(?=.{1,64}$)${LABEL}(?:\\.${LABEL})*$`);
export const BRIDGE = /^[A-Za-z][A-Za-z0-9_.-]{1,14}$/;
export const DISK = new RegExp(`^${STORAGE}:[1-9]\\d{0,5}$`);
export const TEMPLATE = new RegExp(
  `^(?:[a-z]+(?:-\\d+(?:\\.\\d+)?)?|${STORAGE}:vztmpl/[^/\\s:,]+\\.tar(?:\\.(?:gz|xz|zst|bz2))?)$`,
);
export const DEVICE = new RegExp(`^${DEVICE_PATH}$`);
export const MOUNT = new RegExp(`^(?:share|${DEVICE_PATH}|/(?!dev/)${BELOW}*:/${BELOW}+)$`);
export const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@\\-]*$/;
/** The host may be missing: then it is the container itself. */
export const HTTP = /^https?:\/\/(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*)(?::\d{1,5})?(?:\/[^\s]*)?$/;
