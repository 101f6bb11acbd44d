# frozen_string_literal: true

# Configuration of the Cinc client for one run of a deploy. Everything it writes lies below the run's directory in memory
# and is gone after it: node objects, caches and backups of files may hold secrets.
kit = ENV.fetch('PVE_GITOPS_KIT')
state = File.join(kit, 'state')
definition = ENV.fetch('DIR')

local_mode true
chef_license 'accept-silent'
chef_repo_path state
# Cookbooks that the definition brings along come after its own and ours.
cookbook_path [File.join(kit, 'cookbooks'), File.join(definition, 'cookbooks')].select { |folder| File.directory?(folder) }
node_path File.join(state, 'nodes')
file_cache_path File.join(state, 'cache')
file_backup_path File.join(state, 'backup')
cache_path state
lockfile File.join(state, 'cinc.lock')
node_name ENV.fetch('HOSTNAME', 'container')

ssl_verify_mode :verify_peer
# Contents of files stay out of the log: they may hold what no mask knows.
diff_disabled true
log_level :warn
log_location STDOUT
no_lazy_load true

require File.join(kit, 'report.rb')
event_handlers << PveGitops::Reporter.new(definition)
