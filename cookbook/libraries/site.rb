# frozen_string_literal: true

require 'json'

# The other containers of this installation that run while this one is converged, as their deploys know them. A recipe that
# says `Site.containers` gets them; no credential is in here for it.
module Site
  Container = Struct.new(:name, :stage, :hostname, :address, :vmid, keyword_init: true)

  module_function

  # Those of this stage, by name; `stage: nil` gives all.
  def containers(ctx = nil, stage: Default.stage(ctx))
    all = listed.map { |entry| Container.new(**entry.transform_keys(&:to_sym)) }
    all.select { |container| stage.nil? || container.stage == stage }.sort_by(&:hostname)
  end

  def listed
    file = File.join(ENV['PVE_GITOPS_KIT'].to_s, 'site.json')
    File.file?(file) ? JSON.parse(File.read(file)) : []
  end
end
