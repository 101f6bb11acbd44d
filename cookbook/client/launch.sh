# Lays the definition out as a cookbook and converges it. Argument: the name of the cookbook where its metadata gives none.
set -eu
name=$1
umask 077
mkdir -p "$PVE_GITOPS_KIT/state/nodes" "$PVE_GITOPS_KIT/state/cache" "$PVE_GITOPS_KIT/state/backup"
if [ -f metadata.json ]; then
  given=$(sed -n 's/.*"name"[[:space:]]*:[[:space:]]*"\([A-Za-z0-9_.-]*\)".*/\1/p' metadata.json | head -n 1)
elif [ -f metadata.rb ]; then
  given=$(sed -n "s/^[[:space:]]*name[[:space:](]*['\"]\([A-Za-z0-9_.-]*\)['\"].*/\1/p" metadata.rb | head -n 1)
else
  given=''
fi
if [ -z "$given" ]; then
  given=$name
  [ -f metadata.json ] || printf "\nname '%s'\n" "$given" >>metadata.rb
fi
# The directory itself, and a link where it was: read through a link a cookbook would not be called by its name.
folder=$(pwd -P)
cookbook=$PVE_GITOPS_KIT/cookbooks/$given
mkdir -p "$PVE_GITOPS_KIT/cookbooks"
mv -T -- "$folder" "$cookbook"
ln -s "$cookbook" "$folder"
export HOME=$PVE_GITOPS_KIT/state
cd "$cookbook"
umask 022
exec cinc-client --local-mode --config "$PVE_GITOPS_KIT/client.rb" --override-runlist "recipe[pve-gitops],recipe[$given]" --no-color --no-fork
